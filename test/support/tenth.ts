import { readdirSync } from "node:fs";
import { seededRandom } from "./random.ts";

const FOLDER = "test/db";
/** Calls each SQL function once: what a server does not know at all is found each time. */
const ALWAYS = "functions.test.ts";

/** The files of test/db but for a tenth, which a seed chooses. Prints the seed. */
export function allButATenth(): string[] {
  const { random, seed } = seededRandom();
  const files = readdirSync(new URL(`../../${FOLDER}`, import.meta.url)).filter((file) => file.endsWith(".test.ts"));
  const drawn = files.toSorted().map((file) => ({ file, lot: file === ALWAYS ? -1 : random() }));
  const inTurn = drawn.toSorted((a, b) => a.lot - b.lot).map(({ file }) => file);
  const count = 1 + Math.ceil(files.length / 10);
  console.log(`A tenth of ${FOLDER} (BATON_SEED=${seed} draws it again): ${inTurn.slice(0, count).join(", ")}`);
  return inTurn.slice(count).map((file) => `${FOLDER}/${file}`);
}
