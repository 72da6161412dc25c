import * as z from "zod";
import { ConfigurationError } from "./config.ts";

const whole = (name: string, least: number, most: number, byDefault: number) =>
  z
    .string()
    .regex(/^\d{1,5}$/, `${name} takes a whole number`)
    .transform(Number)
    .refine((value) => value >= least && value <= most, `${name} takes a whole number from ${least} to ${most}`)
    .default(byDefault);

const Environment = z.object({
  BATON_BATCH: whole("BATON_BATCH", 1, 1_000, 100),
  BATON_CONCURRENCY: whole("BATON_CONCURRENCY", 1, 1_000, 50),
  BATON_LINGER_SECONDS: whole("BATON_LINGER_SECONDS", 0, 60, 15),
  BATON_POLLER_TIMEOUT_SECONDS: whole("BATON_POLLER_TIMEOUT_SECONDS", 20, 900, 300),
});

/** How the poller is set up; times in seconds, timeout being that of its Lambda. */
export interface PollerConfig {
  readonly batch: number;
  readonly concurrency: number;
  readonly lingerSeconds: number;
  readonly timeoutSeconds: number;
}

/**
 * Reads the poller's settings; an empty variable counts as unset.
 *
 * @throws ConfigurationError that names the variable that is wrong.
 */
export function pollerConfig(env: Record<string, string | undefined>): PollerConfig {
  const read = Environment.safeParse(Object.fromEntries(Object.entries(env).filter(([, value]) => value !== "")));
  if (!read.success) throw new ConfigurationError(read.error.issues.map(({ message }) => message).join("; "));
  return {
    batch: read.data.BATON_BATCH,
    concurrency: read.data.BATON_CONCURRENCY,
    lingerSeconds: read.data.BATON_LINGER_SECONDS,
    timeoutSeconds: read.data.BATON_POLLER_TIMEOUT_SECONDS,
  };
}
