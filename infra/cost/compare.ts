import { durableBill, expressBill, standardBill } from "./aws-rivals.ts";
import { batonBill } from "./baton.ts";
import { type Bill, total } from "./bill.ts";
import type { Figures } from "./figures.ts";
import { inngestBill, temporalBill, triggerBill, upstashBill } from "./hosted-rivals.ts";
import type { Prices } from "./prices.ts";
import type { Workload } from "./workload.ts";

/** The same work done by Baton in three ways, and by others. */
export interface Comparison {
  readonly baton: readonly Bill[];
  readonly others: readonly Bill[];
}

export function compare(workload: Workload, figures: Figures, prices: Prices): Comparison {
  return {
    baton: (["gated", "always", "shared"] as const).map((polling) => batonBill(workload, polling, figures, prices)),
    others: [
      standardBill(workload, prices),
      expressBill(workload, prices),
      durableBill(workload, prices),
      inngestBill(workload, prices),
      triggerBill(workload, prices, false),
      triggerBill(workload, prices, true),
      temporalBill(workload, prices),
      upstashBill(workload, prices),
    ],
  };
}

/**
 * Those of the others that cost less than the first of Baton's bills, by list prices or with free
 * tiers; cheapest first.
 */
export function cheaper({ baton, others }: Comparison, dollars: (bill: Bill) => number): readonly Bill[] {
  return others.filter((other) => dollars(other) < dollars(baton[0]!)).toSorted((a, b) => dollars(a) - dollars(b));
}

export const listTotal = ({ items }: Bill) => total(items);
export const freeTierTotal = (bill: Bill) => bill.freeTierTotal;
