import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { describeError, InvalidWorkflowError, NonRetryableError, RetryAfterError, StepTimeoutError } from "../../shared/domain/errors.ts";
import { InvalidDurationError, type Duration } from "../../shared/domain/duration.ts";
import { checkJson } from "../../shared/domain/json.ts";
import { seed } from "./seed.ts";

describe("the errors", () => {
  it("NonRetryableError keeps its cause", () => {
    const cause = new Error("declined");
    expect(new NonRetryableError("the card was declined", { cause })).toMatchObject({
      name: "NonRetryableError",
      message: "the card was declined",
      cause,
    });
  });

  it("RetryAfterError says when, in words and in milliseconds", () => {
    expect(new RetryAfterError("30 seconds")).toMatchObject({
      after: "30 seconds",
      afterMs: 30_000,
      message: "Try again after 30 seconds.",
    });
  });

  it("RetryAfterError takes a message and a cause", () => {
    expect(new RetryAfterError("1 minute", "busy", { cause: 503 })).toMatchObject({ message: "busy", cause: 503 });
  });

  it("RetryAfterError refuses what is not a duration", () => {
    expect(() => new RetryAfterError("soon" as Duration)).toThrow(InvalidDurationError);
  });

  it("StepTimeoutError says what to do", () => {
    const error = new StepTimeoutError("charge", 30_000);
    expect(error).toMatchObject({ node: "charge", timeoutMs: 30_000 });
    expect(error.message).toBe('"charge" took longer than its timeout of 30 seconds: raise the timeout, or stop early on context.signal.');
  });

  it("InvalidWorkflowError names the workflow, and the node where one is at fault", () => {
    expect(new InvalidWorkflowError("order", "charge", "it is odd").message).toBe('Workflow "order", node "charge": it is odd.');
    expect(new InvalidWorkflowError("order", undefined, "it is odd")).toMatchObject({ workflow: "order", node: undefined });
  });
});

describe("the record of an error", () => {
  it("has its name, message and stack", () => {
    const error = new TypeError("not a function");
    expect(describeError(error)).toEqual({ name: "TypeError", message: "not a function", stack: error.stack });
  });

  it.each([
    ["a string", "boom", "boom"],
    ["null", null, "null"],
    ["undefined", undefined, "undefined"],
    ["a number", 42, "42"],
    ["a symbol", Symbol("s"), "Symbol(s)"],
    ["a plain object", { code: 7 }, '{"code":7}'],
    ["an object that is nothing in JSON", { toJSON: () => undefined }, "undefined"],
    ["an object with a bigint", { n: 1n }, "Something was thrown that cannot be shown."],
    ["an object whose message is no text", { message: 5 }, '{"message":5}'],
  ])("of %s has a message and no stack", (_, thrown, message) => {
    expect(describeError(thrown)).toEqual({ name: "Error", message });
  });

  it("of an object whose properties throw is still there", () => {
    const hostile = Object.defineProperty({}, "message", {
      enumerable: true,
      get: () => {
        throw new Error("no");
      },
    });
    expect(describeError(hostile).message).toBe("Something was thrown that cannot be shown.");
    expect(
      describeError(
        new Proxy(
          {},
          {
            get: () => {
              throw new Error("no");
            },
          },
        ),
      ).name,
    ).toBe("Error");
  });

  it("of a function that throws when it is shown is still there", () => {
    const hostile = Object.assign(() => 1, {
      toString: () => {
        throw new Error("no");
      },
    });
    expect(describeError(hostile).message).toBe("Something was thrown that cannot be shown.");
  });

  it("is cut to 200 bytes of name, 8 KiB of message and 16 KiB of stack, between characters", () => {
    const error = Object.assign(new Error("€".repeat(10_000)), { name: "n".repeat(1_000), stack: "s".repeat(100_000) });
    const record = describeError(error);
    expect(record.message).toBe("€".repeat(2_730));
    expect([record.name.length, record.stack?.length]).toEqual([200, 16_384]);
  });

  it("has no NUL character and no half of a surrogate pair", () => {
    expect(describeError(new Error("a\0b\ud800c")).message).toBe("a\uFFFDb\uFFFDc");
  });

  it("of an error without a name has one", () => {
    expect(describeError(Object.assign(new Error("m"), { name: "" })).name).toBe("Error");
  });

  it(`of anything can be stored (seed ${seed})`, () => {
    const thrown = fc.oneof(
      fc.anything({ withBigInt: true, withNullPrototype: true }),
      fc.string({ unit: "binary" }).map((text) => new Error(text)),
    );
    fc.assert(
      fc.property(thrown, (value) => {
        const record = describeError(value);
        expect(checkJson(record)).toEqual(record);
      }),
      { seed, numRuns: 1_000 },
    );
  });
});
