const MILLISECONDS = {
  millisecond: 1,
  second: 1_000,
  minute: 60_000,
  hour: 3_600_000,
  day: 86_400_000,
  week: 604_800_000,
} as const;

type Unit = keyof typeof MILLISECONDS;

/**
 * A length of time in words: a number, one space and a unit, such as `"250 milliseconds"`,
 * `"1.5 seconds"`, `"1 hour"` or `"3 days"`. At most 366 days.
 */
export type Duration = `${number} ${Unit}` | `${number} ${Unit}s`;

/** The longest duration, but for a sleep. */
export const MAX_DAYS = 366;
const PATTERN = /^(\d+(?:\.\d+)?) (millisecond|second|minute|hour|day|week)s?$/;

/** Ten years, at the shortest. */
export const MAX_DAYS_AHEAD = 3_652;
const SIGNED_PATTERN = /^(-?\d+(?:\.\d+)?(?:e[-+]?\d+)?) (millisecond|second|minute|hour|day|week)s?$/;

/** A text that is not a duration, or one longer than 366 days. `duration` is the text. */
export class InvalidDurationError extends Error {
  override readonly name = "InvalidDurationError";
  readonly duration: string;

  constructor(duration: string, problem: string) {
    super(`"${duration}" ${problem}.`);
    this.duration = duration;
  }
}

/**
 * Converts the length of a sleep to whole milliseconds. What a program computed from two times may
 * be negative: that time has passed, and the sleep is over at once. Throws `InvalidDurationError`,
 * also for more than ten years.
 */
export function toSleepMilliseconds(duration: Duration): number {
  const milliseconds = Math.max(parseDuration(duration, SIGNED_PATTERN), 0);
  if (milliseconds <= MAX_DAYS_AHEAD * MILLISECONDS.day) return milliseconds;
  throw new InvalidDurationError(duration, `is too long for a sleep: use at most ten years (${MAX_DAYS_AHEAD} days)`);
}

/**
 * Converts a duration to whole milliseconds. Throws `InvalidDurationError` where the text, which
 * may come from outside, is not one.
 */
export function toMilliseconds(duration: Duration): number {
  const milliseconds = parseDuration(duration);
  if (milliseconds > MAX_DAYS * MILLISECONDS.day) throw new InvalidDurationError(duration, `is too long: use at most ${MAX_DAYS} days`);
  return milliseconds;
}

/** The same without a limit. */
export function parseDuration(duration: string, pattern = PATTERN): number {
  const [, amount, unit] = pattern.exec(duration) ?? [];
  if (amount === undefined) {
    throw new InvalidDurationError(duration, 'is not a duration: write a number, a space and a unit, as in "10 seconds" or "1.5 hours"');
  }
  return Math.round(Number(amount) * MILLISECONDS[unit as Unit]);
}
