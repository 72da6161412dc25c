import { aligned, dollars } from "./columns.ts";
import { compare, listTotal } from "./compare.ts";
import type { Figures } from "./figures.ts";
import type { Prices } from "./prices.ts";
import type { Workload } from "./workload.ts";

const VOLUMES = [1_000, 10_000, 100_000, 1_000_000, 10_000_000];
/** Where the search for a break-even begins, downwards, and how fine it is. */
const mostRuns = 1e8;
const grain = 1.01;

/** List prices of the same workload at several numbers of runs a month, and from how many on Baton is the cheaper one. */
export function byVolume(workload: Workload, figures: Figures, prices: Prices): string {
  const at = (runs: number) => Object.values(compare({ ...workload, runs }, figures, prices)).flat();
  const columns = VOLUMES.map((runs) => at(runs));
  const head = ["runs a month"].concat(VOLUMES.map((runs) => runs.toLocaleString("en")));
  const rows = at(0).map(({ name }, n) => [name].concat(columns.map((bills) => dollars(listTotal(bills[n]!)))));
  const names = compare(workload, figures, prices).others.map(({ name }) => name);
  const turns = names.flatMap((name) => {
    const runs = breakEven(name, workload, figures, prices);
    return runs === undefined ? [] : [[`than ${name}`, `from ${runs.toLocaleString("en")} runs a month on`]];
  });
  return `${aligned([head, ...rows])}\n\n${aligned([["Baton with its idle gate is cheaper", ""], ...turns])}`;
}

/**
 * The runs a month, in two digits, from which on Baton with its idle gate costs less than somebody, up to a hundred million;
 * undefined: it never does.
 */
export function breakEven(name: string, workload: Workload, figures: Figures, prices: Prices): number | undefined {
  let least: number | undefined;
  for (let runs = mostRuns; runs >= 1; runs /= grain) {
    const { baton, others } = compare({ ...workload, runs: Math.round(runs) }, figures, prices);
    if (listTotal(baton[0]!) >= listTotal(others.find((other) => other.name === name)!)) break;
    least = runs;
  }
  return least === undefined ? undefined : Number(least.toPrecision(2));
}
