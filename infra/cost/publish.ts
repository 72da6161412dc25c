import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { costReport } from "../cost.ts";
import { explainArguments } from "../explain-arguments.ts";
import { compare } from "./compare.ts";
import { readFigures } from "./figures.ts";
import { measuredTables } from "./measured.ts";
import { readPrices } from "./prices.ts";
import { ranking } from "./print.ts";
import { byVolume } from "./volumes.ts";
import { readWorkload } from "./workload.ts";

/** The page whose tables are what the calculator prints. */
export const costPage = fileURLToPath(new URL("../../docs/cost.md", import.meta.url));

/**
 * What can stand in a block, by the first word of its marker; the rest of the marker are arguments
 * of `npm run cost`.
 */
const BLOCKS: Readonly<Record<string, (args: readonly string[]) => string>> = {
  cost: costReport,
  ranking: (args) => ranking(compare(readWorkload(args), readFigures(), readPrices())),
  volumes: (args) => byVolume(readWorkload(args), readFigures(), readPrices()),
  measured: measuredTables,
};

/**
 * Fills each block of the page, such as that between `<!-- cost --runs 10000 -->` and
 * `<!-- /cost -->`.
 */
export function fillPage(text: string): string {
  return text.replaceAll(
    /(<!-- (cost|ranking|volumes|measured)((?: [^ >]+)*) -->\n)[^]*?(\n<!-- \/\2 -->)/g,
    (_, before: string, block: string, args: string, after: string) =>
      `${before}\n\`\`\`\n${BLOCKS[block]!(args.split(" ").filter((arg) => arg !== ""))}\n\`\`\`\n${after}`,
  );
}

if (import.meta.main) {
  try {
    explainArguments("Usage: npm run cost:publish", () => parseArgs());
    writeFileSync(costPage, fillPage(readFileSync(costPage, "utf8")));
  } catch (error) {
    console.error((error as Error).message);
    process.exitCode = 1;
  }
}
