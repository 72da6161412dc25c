import { readFileSync } from "node:fs";
import * as z from "zod";

/** Every price that is calculated with; prices.json says what each is a price of. */
const NAMES = [
  "httpApiRequests",
  "lambdaRequests",
  "lambdaGbSeconds",
  "lambdaFreeRequests",
  "lambdaFreeGbSeconds",
  "schedulerInvocations",
  "schedulerFreeInvocations",
  "parameterReads",
  "logsIngested",
  "logsStored",
  "logsFreeGb",
  "customMetrics",
  "alarms",
  "freeMetricsAndAlarms",
  "neonLaunchCompute",
  "neonScaleCompute",
  "neonStorage",
  "neonHistory",
  "neonFreeCuHours",
  "neonFreeStorageGb",
  "stepFunctionsTransitions",
  "stepFunctionsFreeTransitions",
  "expressRequests",
  "expressGbSeconds",
  "durableOperations",
  "durableWritten",
  "durableRetained",
  "inngestProMonth",
  "inngestExecutions",
  "inngestProExecutions",
  "inngestFreeExecutions",
  "triggerRuns",
  "triggerSeconds",
  "triggerHobbyMonth",
  "triggerProMonth",
  "triggerFreeUsage",
  "temporalActions",
  "temporalSupport",
  "temporalRetained",
  "upstashSteps",
  "upstashFreeSteps",
] as const;

/**
 * A list price: what it is, where it was read, when that was said (year, month, day as far as
 * known), and how sure it is.
 */
const Price = z.strictObject({
  value: z.number().nonnegative(),
  unit: z.string().min(1),
  region: z.enum(["us-east-1", "global"]),
  source: z.url(),
  stated: z.string().regex(/^\d{4}(-\d{2}(-\d{2})?)?$/),
  confidence: z.enum(["docs", "third party", "unconfirmed"]),
  note: z.string().optional(),
});

/** prices.json: all of these, and nothing else. */
export const PriceFile = z.record(z.enum(NAMES), Price);

/** The bare values, in the units that prices.json states. */
export type Prices = Readonly<Record<(typeof NAMES)[number], number>>;

/** Reads prices.json; throws a ZodError that names what is wrong with it. */
export function readPrices(): Prices {
  const file = PriceFile.parse(JSON.parse(readFileSync(new URL("prices.json", import.meta.url), "utf8")));
  return Object.fromEntries(Object.entries(file).map(([name, { value }]) => [name, value])) as Prices;
}
