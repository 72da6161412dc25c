import type { Prices } from "./prices.ts";

/** One line of a bill; usage in the unit that is billed, dollars a month at list prices. */
export interface Item {
  readonly what: string;
  readonly usage: string;
  readonly dollars: number;
}

/** What one way of doing the work costs in a month. */
export interface Bill {
  readonly name: string;
  readonly items: readonly Item[];
  /**
   * Dollars a month when its permanent free tier or its free plan is used: the bill of an account
   * that does nothing else.
   */
  readonly freeTierTotal: number;
  /** The plan, and what one should know when comparing. */
  readonly note: string;
}

export function total(items: readonly Item[]): number {
  return items.reduce((sum, { dollars }) => sum + dollars, 0);
}

const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const fine = new Intl.NumberFormat("en", { maximumFractionDigits: 2 });

/** An item that is billed by the million. */
export function perMillion(what: string, count: number, price: number): Item {
  return { what, usage: whole.format(count), dollars: (count / 1e6) * price };
}

/** An item that is billed by another unit. */
export function priced(what: string, amount: number, unit: string, price: number): Item {
  return { what, usage: `${(amount < 10 ? fine : whole).format(amount)} ${unit}`, dollars: amount * price };
}

/** Invocations of Lambda functions: how many, and GB-seconds altogether. */
export interface Invocations {
  readonly requests: number;
  readonly gbSeconds: number;
}

/** GB-seconds of so many invocations of so many milliseconds each; memory in MB. */
export function invocations(requests: number, eachMs: number, memory: number): Invocations {
  return { requests, gbSeconds: requests * (eachMs / 1_000) * (memory / 1_024) };
}

export function lambdaItems(what: string, { requests, gbSeconds }: Invocations, prices: Prices): Item[] {
  return [
    perMillion(`${what}: requests`, requests, prices.lambdaRequests),
    priced(`${what}: time`, gbSeconds, "GB-s", prices.lambdaGbSeconds),
  ];
}

/** What Lambda's free tier takes off, in dollars. */
export function lambdaCredit(all: readonly Invocations[], prices: Prices): number {
  const sum = (part: keyof Invocations) => all.reduce((total, one) => total + one[part], 0);
  const requests = Math.min(sum("requests"), prices.lambdaFreeRequests);
  const gbSeconds = Math.min(sum("gbSeconds"), prices.lambdaFreeGbSeconds);
  return (requests / 1e6) * prices.lambdaRequests + gbSeconds * prices.lambdaGbSeconds;
}
