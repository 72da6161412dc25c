import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { InvalidDurationError, toMilliseconds, toSleepMilliseconds, type Duration } from "../../shared/domain/duration.ts";
import { seed } from "./seed.ts";

describe("a duration", () => {
  it.each<[Duration, number]>([
    ["0 seconds", 0],
    ["250 milliseconds", 250],
    ["1 second", 1_000],
    ["10 seconds", 10_000],
    ["1.5 seconds", 1_500],
    ["0.0004 seconds", 0],
    ["2 minutes", 120_000],
    ["1 hour", 3_600_000],
    ["3 days", 259_200_000],
    ["1 week", 604_800_000],
    ["366 days", 31_622_400_000],
  ])("of %s is %d milliseconds", (duration, milliseconds) => {
    expect(toMilliseconds(duration)).toBe(milliseconds);
  });

  it.each([
    "",
    "1",
    "second",
    "1second",
    "1  second",
    " 1 second",
    "1 second ",
    "-1 seconds",
    "1e3 seconds",
    ".5 seconds",
    "1. seconds",
    "0x1 seconds",
    "1 Second",
    "3 fortnights",
    "1 second\n",
    "٣ days",
  ])("is not %j", (text) => {
    const problem = 'is not a duration: write a number, a space and a unit, as in "10 seconds" or "1.5 hours"';
    expect(() => toMilliseconds(text as Duration)).toThrow(new InvalidDurationError(text, problem));
  });

  it.each<Duration>(["367 days", "53 weeks", `${"9".repeat(400) as "9"} days`])("is at most 366 days", (duration) => {
    expect(() => toMilliseconds(duration)).toThrow("is too long: use at most 366 days.");
  });

  it.each<[string, number]>([
    ["5 seconds", 5_000],
    ["-5 seconds", 0],
    ["-0.5 weeks", 0],
    ["1e-7 seconds", 0],
    ["-1e+21 milliseconds", 0],
    ["3652 days", 315_532_800_000],
  ])("of a sleep may have passed: %s is %d milliseconds", (duration, milliseconds) => {
    expect(toSleepMilliseconds(duration as Duration)).toBe(milliseconds);
  });

  it.each(["3653 days", "1e30 milliseconds"])("of a sleep is at most ten years: %s is refused", (duration) => {
    expect(() => toSleepMilliseconds(duration as Duration)).toThrow("is too long for a sleep: use at most ten years (3652 days).");
  });

  it("of a sleep is still a duration", () => {
    expect(() => toSleepMilliseconds("NaN milliseconds" as Duration)).toThrow('"NaN milliseconds" is not a duration');
  });

  it("that is refused is a fact of its error", () => {
    expect(new InvalidDurationError("x", "is not one").duration).toBe("x");
  });

  it(`is as long in each unit that it is written in (seed ${seed})`, () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 52 }), (weeks) => {
        const lengths = [`${weeks} weeks`, `${weeks * 7} days`, `${weeks * 168} hours`, `${weeks * 10_080} minutes`] as const;
        expect(new Set([...lengths, `${weeks * 604_800} seconds` as const].map(toMilliseconds)).size).toBe(1);
      }),
      { seed },
    );
  });
});
