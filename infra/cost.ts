import { compare } from "./cost/compare.ts";
import { readFigures } from "./cost/figures.ts";
import { readPrices } from "./cost/prices.ts";
import { report } from "./cost/print.ts";
import { readWorkload, WrongArgumentError } from "./cost/workload.ts";

/** What `npm run cost` prints for these arguments; throws WrongArgumentError. */
export function costReport(args: readonly string[]): string {
  const [workload, figures] = [readWorkload(args), readFigures()];
  return report(workload, compare(workload, figures, readPrices()), figures);
}

if (import.meta.main) {
  try {
    console.log(costReport(process.argv.slice(2)));
  } catch (thrown) {
    if (!(thrown instanceof WrongArgumentError)) throw thrown;
    console.error(thrown.message);
    process.exitCode = 1;
  }
}
