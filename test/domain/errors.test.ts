import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { describeError, InvalidWorkflowError, NonRetryableError, RetryAfterError, StepTimeoutError } from "../../shared/domain/errors.ts";
import { InvalidDurationError, type Duration } from "../../shared/domain/duration.ts";
import { DatabaseRefusedError } from "../../shared/domain/database-errors.ts";
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

const throws = () => {
  throw new Error("no");
};
const revoked = Proxy.revocable({}, {});
revoked.revoke();

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
    ["a plain object", { n: 7 }, '{"n":7}'],
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

  it("keeps the chain of its causes, with their codes", () => {
    const refused = Object.assign(new Error("connect ECONNREFUSED 127.0.0.1:9"), { code: "ECONNREFUSED" });
    const thrown = new TypeError("fetch failed", { cause: new Error("first", { cause: refused }) });
    expect(describeError(thrown)).toMatchObject({
      name: "TypeError",
      message: "fetch failed",
      cause: { message: "first", cause: { name: "Error", message: "connect ECONNREFUSED 127.0.0.1:9", code: "ECONNREFUSED" } },
    });
    expect(describeError(new Error("no", { cause: 503 })).cause).toEqual({ name: "Error", message: "503" });
    expect(describeError(new Error("no", { cause: null }))).not.toHaveProperty("cause");
  });

  it("keeps the parts of an AggregateError, and has a message where that has none", () => {
    const record = describeError(new AggregateError([new TypeError("a"), "b"]));
    expect(record).toMatchObject({ name: "AggregateError", message: "This AggregateError has no message." });
    expect(record.errors).toMatchObject([
      { name: "TypeError", message: "a" },
      { name: "Error", message: "b" },
    ]);
  });

  it("keeps a code that is a number, and the SQLSTATE of a database error", () => {
    expect(describeError(Object.assign(new Error("m"), { code: 7 })).code).toBe("7");
    expect(describeError(new DatabaseRefusedError("m", { sqlstate: "23505" })).code).toBe("23505");
    expect(describeError(Object.assign(new Error("m"), { code: {} }))).not.toHaveProperty("code");
  });

  it("is bounded however long and wide the causes are, also where they are a circle", () => {
    const circle = new Error("a".repeat(10_000), { cause: undefined });
    circle.cause = new AggregateError(
      Array.from({ length: 1_000 }, () => circle),
      "b".repeat(10_000),
    );
    const text = JSON.stringify(describeError(circle));
    expect(text.length).toBeLessThan(64 * 1024);
    expect(text.match(/"name"/g)).toHaveLength(9);
  });

  it("of parts that cannot be read is still there", () => {
    const hostile = Object.assign(new Error("m"), { errors: new Proxy([], { get: throws }), cause: revoked.proxy });
    expect(describeError(hostile)).toMatchObject({ message: "m", cause: { message: "Something was thrown that cannot be shown." } });
    expect(describeError(revoked.proxy).message).toBe("Something was thrown that cannot be shown.");
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
