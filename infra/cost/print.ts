import type { Bill } from "./bill.ts";
import { aligned, dollars } from "./columns.ts";
import { cheaper, type Comparison, freeTierTotal, listTotal } from "./compare.ts";
import type { Figures } from "./figures.ts";
import type { Workload } from "./workload.ts";

/** Everything that the calculator says of a workload, as lines of plain text. */
export function report(workload: Workload, comparison: Comparison, figures: Figures): string {
  const parts = [head(workload), ranking(comparison), itemised(comparison.baton), verdict(comparison), assumptions(workload, figures)];
  return parts.join("\n\n");
}

function head({ runs, steps, stepMs, memory, burst, activeHours }: Workload): string {
  const spread = activeHours === 24 ? "around the clock" : `over ${activeHours} hours of each day`;
  const arriving = burst === 1 ? "one by one" : `${burst} at a time`;
  return (
    `${runs.toLocaleString("en")} runs of ${steps} steps a month; each step ${stepMs} ms at ${memory} MB; ` +
    `arriving ${arriving}, evenly ${spread}.\nDollars a month in us-east-1.`
  );
}

/** All bills, the cheapest first. */
export function ranking({ baton, others }: Comparison): string {
  const sorted = [...baton, ...others].toSorted((a, b) => listTotal(a) - listTotal(b));
  const rows = sorted.map((bill) => [bill.name, dollars(listTotal(bill)), dollars(freeTierTotal(bill)), bill.note]);
  return aligned([["", "list", "free tiers used", ""], ...rows]);
}

/** Every item of Baton's bills, once for each way to treat the database. */
function itemised(bills: readonly Bill[]): string {
  const head = ["Baton's items", ...bills.map(({ name }) => name.replace(/^Baton(,| in a database that is)/, "").trim())];
  const rows = bills[0]!.items.map(({ what }, n) => {
    const same = bills.map(({ items }) => items[n]!);
    const usages = [...new Set(same.map(({ usage }) => usage))];
    return [what].concat(
      same.map((item) => dollars(item.dollars)),
      usages.join(" / "),
    );
  });
  return aligned([[...head, ""], ...rows]);
}

function verdict(comparison: Comparison): string {
  const list = (bills: readonly Bill[]) => (bills.length === 0 ? "none" : bills.map(({ name }) => name).join("; "));
  return [
    `Cheaper than Baton with its idle gate, at list prices: ${list(cheaper(comparison, listTotal))}.`,
    `With free tiers: ${list(cheaper(comparison, freeTierTotal))}.`,
  ].join("\n");
}

const days = (count: number) => `${count} day${count === 1 ? "" : "s"}`;

function assumptions({ stateBytes, distanceMs, retentionDays, historyDays, concurrency }: Workload, { measuredOn }: Figures): string {
  return [
    `Assumed: input and outputs of ${stateBytes} bytes; the database ${distanceMs} ms away; ${concurrency} handlers at a time in a poller;`,
    `finished runs are kept for ${days(retentionDays)}, and changes of the database for ${days(historyDays)}.`,
    `Measured ${measuredOn}: docs/benchmarks/cost.json. Prices: infra/cost/prices.json.`,
    "Free tiers are counted in their column only. The others are started by their SDKs, without an HTTP API before them.",
    "Not counted anywhere: what your steps call, cold starts, data transfer, NAT, retries, sleeps, support, taxes.",
  ].join("\n");
}
