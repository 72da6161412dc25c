const MILLISECONDS = {
  millisecond: 1,
  second: 1_000,
  minute: 60_000,
  hour: 3_600_000,
  day: 86_400_000,
  week: 604_800_000,
} as const;

type Unit = keyof typeof MILLISECONDS;

/** A length of time in words: a number, one space and a unit, such as `"250 milliseconds"`, `"1.5 seconds"`, `"1 hour"` or `"3 days"`. At most 366 days. */
export type Duration = `${number} ${Unit}` | `${number} ${Unit}s`;

const MAX_DAYS = 366;
const PATTERN = /^(\d+(?:\.\d+)?) (millisecond|second|minute|hour|day|week)s?$/;

/** A text that is not a duration, or one longer than 366 days. `duration` is the text. */
export class InvalidDurationError extends Error {
  override readonly name = "InvalidDurationError";
  readonly duration: string;

  constructor(duration: string, problem: string) {
    super(`"${duration}" ${problem}.`);
    this.duration = duration;
  }
}

/** Converts a duration to whole milliseconds. Throws `InvalidDurationError` where the text, which may come from outside, is not one. */
export function toMilliseconds(duration: Duration): number {
  const [, amount, unit] = PATTERN.exec(duration) ?? [];
  if (amount === undefined) {
    throw new InvalidDurationError(duration, 'is not a duration: write a number, a space and a unit, as in "10 seconds" or "1.5 hours"');
  }
  const milliseconds = Math.round(Number(amount) * MILLISECONDS[unit as Unit]);
  if (milliseconds > MAX_DAYS * MILLISECONDS.day) throw new InvalidDurationError(duration, `is too long: use at most ${MAX_DAYS} days`);
  return milliseconds;
}
