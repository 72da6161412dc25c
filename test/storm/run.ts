// `npm run test:storm -- --minutes 10 [--seed 123]`: everything that may befall Postgres, the
// network and the pollers, all at once,
// over the real engine. Fails on anything lost, doubled, changed or left behind; its last line has
// the counts.
import { parseArgs } from "node:util";
import { seededRandom } from "../support/random.ts";
import { keptSeeds } from "./seeds.ts";
import { type Aftermath, runStorm } from "./storm.ts";

const { values } = parseArgs({ options: { minutes: { type: "string", default: "1" }, seed: { type: "string" } } });
const minutes = Number(values.minutes);
if (!(minutes > 0)) throw new Error(`--minutes is "${values.minutes}": it takes a number above 0`);

const seeds = values.seed === undefined ? [...keptSeeds, seededRandom().seed] : [Number(values.seed)];
for (const seed of seeds) {
  console.log(`storm of ${(minutes / seeds.length).toFixed(1)} minutes, seed ${seed}`);
  const aftermath = await runStorm(seed, minutes / seeds.length);
  const { problems } = aftermath.ledger;
  for (const problem of problems.slice(0, 50)) console.log(`  ${problem}`);
  if (problems.length > 0) {
    console.log(
      `${problems.length} problems. Keep the seed ${seed} in test/storm/seeds.ts, and repeat it with: npm run test:storm -- --seed ${seed}`,
    );
    process.exitCode = 1;
  }
  console.log(lastLine(seed, minutes / seeds.length, aftermath));
}

function lastLine(seed: number, lasted: number, { ledger, runs, attempts, lost, doubled, deadlocks }: Aftermath): string {
  const { children, hooks, undone, redriven } = ledger.families;
  const { restarts, terminated, kills, freezes, lostAnswers, repeats, answers } = ledger.counts;
  return (
    `storm: ${lasted.toFixed(1)} minutes, ${runs} runs, ${attempts} attempts, ${restarts} restarts, ${terminated} terminated backends, ` +
    `${kills} kills, ${freezes} freezes, ${lostAnswers} lost answers, ${repeats} repeats, ${answers} answers to waits, ${children} children, ${redriven} of them redriven, ` +
    `${hooks} runs of hooks, ${undone} undone, ${lost} lost, ${doubled} doubled, ` +
    `${deadlocks} deadlocks, ${ledger.problems.length} problems, seed ${seed}`
  );
}
