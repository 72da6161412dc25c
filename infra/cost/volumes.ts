import { aligned, dollars } from "./columns.ts";
import type { Bill } from "./bill.ts";
import { compare, listTotal } from "./compare.ts";
import type { Figures } from "./figures.ts";
import type { Prices } from "./prices.ts";
import type { Workload } from "./workload.ts";

const VOLUMES = [1_000, 10_000, 100_000, 1_000_000, 10_000_000];
/**
 * The search for break-evens begins at the most of these, and goes down in steps as fine as what is
 * shown.
 */
const mostRuns = VOLUMES.at(-1)!;
const grain = 1.02;

/**
 * List prices of the same workload at several numbers of runs a month, and from how many on Baton
 * is the cheaper one.
 */
export function byVolume(workload: Workload, figures: Figures, prices: Prices): string {
  const columns = VOLUMES.map((runs) => Object.values(compare({ ...workload, runs }, figures, prices)).flat());
  const head = ["runs a month"].concat(VOLUMES.map((runs) => runs.toLocaleString("en")));
  const rows = columns[0]!.map(({ name }) => [name].concat(columns.map((bills) => dollars(listTotal(named(bills, name))))));
  const turns = [...breakEvens(workload, figures, prices)].map(([name, runs]) => [`than ${name}`, turnOf(runs)]);
  return `${aligned([head].concat(rows))}\n\n${aligned([["Baton with its idle gate is cheaper", ""]].concat(turns))}`;
}

const named = (bills: readonly Bill[], name: string) => bills.find((bill) => bill.name === name)!;

function turnOf(runs: number): string {
  return runs > mostRuns ? "never here" : runs <= 1 ? "always" : `from ${runs.toLocaleString("en")} runs a month on`;
}

/**
 * The runs a month, in two digits, from which on Baton with its idle gate costs less than each
 * other; Infinity: not up to ten million.
 */
export function breakEvens(workload: Workload, figures: Figures, prices: Prices): ReadonlyMap<string, number> {
  const found = new Map<string, number>();
  const open = new Map(compare(workload, figures, prices).others.map(({ name }) => [name, Infinity]));
  for (let runs = mostRuns; runs >= 1; runs /= grain) {
    const { baton, others } = compare({ ...workload, runs: Math.round(runs) }, figures, prices);
    for (const name of open.keys()) {
      if (listTotal(baton[0]!) < listTotal(named(others, name))) open.set(name, Number(runs.toPrecision(2)));
      else {
        found.set(name, open.get(name)!);
        open.delete(name);
      }
    }
  }
  return new Map([...open, ...found].toSorted(([, a], [, b]) => a - b));
}
