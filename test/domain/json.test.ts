import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { checkJson, freezeJson, MAX_JSON_DEPTH, NotJsonError, type Json } from "../../shared/domain/json.ts";
import { seed } from "./seed.ts";

function refusalOf(value: unknown): NotJsonError {
  try {
    checkJson(value);
  } catch (error) {
    if (error instanceof NotJsonError) return error;
    throw error;
  }
  throw new Error("the value was accepted");
}

function nested(depth: number): unknown {
  let value: unknown = [];
  for (let level = 1; level < depth; level++) value = level % 2 === 0 ? [value] : { in: value };
  return value;
}

const circular: Record<string, unknown> = { a: {} };
circular.a = { again: [circular] };

class Money {
  readonly cents = 5;
}

describe("what is JSON", () => {
  it.each([null, true, false, 0, -1.5, 1e308, "", "text €😀", [], {}, [1, [2, { a: null }]], { "": 1, "a/b": "~" }])(
    "%j is accepted as it is",
    (value) => {
      expect(checkJson(value)).toEqual(value);
    },
  );

  it("nothing at the top is stored as null", () => {
    expect(checkJson(undefined)).toBeNull();
  });

  it("a property that is undefined is dropped", () => {
    expect(Object.keys(checkJson({ a: undefined, b: 1 }) as object)).toEqual(["b"]);
  });

  it("minus zero becomes zero, unless it is to be refused", () => {
    expect(checkJson([-0])).toEqual([0]);
    expect(() => checkJson([-0], { refuseMinusZero: true })).toThrow('"/0" cannot be stored as JSON: minus zero would come back as 0');
  });

  it("keys come in JSONB's order: by their length in bytes, then byte by byte", () => {
    const keys = (value: object) => Object.keys(checkJson(value) as object);
    expect(keys({ amount: 1, id: 2, ab: 3, b: 4, a: 5 })).toEqual(["a", "b", "ab", "id", "amount"]);
    expect(keys({ "\u{1F600}": 1, "\uFFFDz": 2, "\uFFFDa": 3, é: 4, abc: 5 })).toEqual(["é", "abc", "\uFFFDa", "\uFFFDz", "\u{1F600}"]);
    expect(keys({ a: 1, bb: 2 })).toEqual(["a", "bb"]);
  });

  it("a proxy of plain JSON is copied", () => {
    expect(checkJson(new Proxy({ list: new Proxy([1], {}) }, {}))).toEqual({ list: [1] });
  });

  it("an object without a prototype is accepted", () => {
    expect(checkJson(Object.assign(Object.create(null), { a: 1 }))).toEqual({ a: 1 });
  });

  it("names that every object inherits are keys like any other", () => {
    const value = { constructor: 1, toString: 2, hasOwnProperty: 3 };
    expect(checkJson(value)).toEqual(value);
  });

  it("64 levels are accepted", () => {
    expect(checkJson(nested(MAX_JSON_DEPTH))).toEqual(nested(MAX_JSON_DEPTH));
  });

  it("what is returned is a frozen copy, so that a later change of the original changes nothing", () => {
    const original = { list: [{ n: 1 }] };
    const stored = checkJson(original) as { list: { n: number }[] };
    original.list[0]!.n = 2;
    expect(stored).toEqual({ list: [{ n: 1 }] });
    expect(() => stored.list.push({ n: 3 })).toThrow(TypeError);
  });
});

const throws = () => {
  throw new Error("no");
};
const revoked = Proxy.revocable({}, {});
revoked.revoke();

describe("what is not JSON", () => {
  it.each([
    ["a NUL character", { a: ["x\0y"] }, "/a/0", "it contains a NUL character"],
    ["a NUL character in a key", { a: { "x\0": 1 } }, "/a/x\0", "its key contains a NUL character"],
    ["half of a surrogate pair", ["\ud800"], "/0", "it contains half of a surrogate pair"],
    ["half of a surrogate pair in a key", { "\udc00": 1 }, "/\udc00", "its key contains half of a surrogate pair"],
    ["infinity", { "a/b": { "~": Infinity } }, "/a~1b/~0", "Infinity is not a JSON number"],
    ["not a number", NaN, "", "NaN is not a JSON number"],
    ["a bigint", [0, 1n], "/1", "a bigint is not JSON"],
    ["a function", { f: () => 1 }, "/f", "a function is not JSON"],
    ["a plain object with toJSON", { toJSON: () => 1 }, "/toJSON", "a function is not JSON"],
    ["a symbol", [Symbol("s")], "/0", "a symbol is not JSON"],
    ["undefined in an array", [1, undefined], "/1", "an array may not hold undefined: use null"],
    // oxlint-disable-next-line no-sparse-arrays -- the hole is what is tested
    ["a hole in an array", [1, , 2], "/1", "an array may not hold undefined: use null"],
    ["a Date", { at: new Date(0) }, "/at", "a Date is not JSON: use date.toISOString()"],
    ["an instance of a class", { price: new Money() }, "/price", "an instance of a class is not JSON: use a plain object"],
    ["a Map", new Map(), "", "an instance of a class is not JSON: use a plain object"],
    ["an object that inherits", Object.create({ admin: true }), "", "an instance of a class is not JSON: use a plain object"],
    ["the key __proto__", JSON.parse('{"a":{"__proto__":{"admin":true}}}'), "/a/__proto__", "this key is not allowed"],
    ["a getter that throws", { a: Object.defineProperty({}, "b", { enumerable: true, get: throws }) }, "/a/b", "it throws when it is read"],
    ["a revoked proxy", [revoked.proxy], "/0", "it throws when it is read"],
    ["a proxy that does not tell its keys", { a: new Proxy({}, { ownKeys: throws }) }, "/a", "it throws when it is read"],
    ["an array that throws", [new Proxy([], { get: throws })], "/0/length", "it throws when it is read"],
    ["65 levels", nested(MAX_JSON_DEPTH + 1), "/0/in".repeat(32), "it is nested deeper than 64"],
  ])("%s is refused with its place and the reason", (_, value, pointer, reason) => {
    const error = refusalOf(value);
    expect({ pointer: error.pointer, reason: error.reason }).toEqual({ pointer, reason });
    expect(error.message).toBe(`The value at "${pointer}" cannot be stored as JSON: ${reason}.`);
  });

  it("a cycle is refused as one", () => {
    const error = refusalOf(circular);
    expect(error.reason).toBe("it contains itself");
    expect(error.pointer.startsWith("/a/again/0/a/again")).toBe(true);
  });

  it("nesting of any depth is refused without filling the stack", () => {
    expect(refusalOf(nested(1_000_000)).reason).toBe("it is nested deeper than 64");
  });

  it("shared references that unfold without end are refused", () => {
    let value: unknown = 1;
    for (let level = 0; level < 60; level++) value = [value, value];
    expect(refusalOf(value).reason).toBe("it holds more than 1000000 values");
  });
});

describe(`any value (seed ${seed})`, () => {
  it("that passes is carried by JSON text unchanged, and passes again", () => {
    const anything = fc.anything({ withBigInt: true, withDate: true, withMap: true, withNullPrototype: true, withSparseArray: true });
    fc.assert(
      fc.property(fc.oneof(anything, fc.jsonValue(), fc.string({ unit: "binary" })), (value) => {
        let stored: Json;
        try {
          stored = checkJson(value);
        } catch (error) {
          return error instanceof NotJsonError;
        }
        const text = JSON.stringify(stored);
        // V8 13.6 (Node 24) reads a key that is a quotation mark alone as a backslash, once it has
        // seen an object with a backslash as its key there. No other key, and not V8 11 (Node 20).
        if (!text.includes(String.raw`"\"":`)) expect(JSON.parse(text)).toEqual(stored);
        expect(checkJson(stored)).toEqual(stored);
        return true;
      }),
      { seed, numRuns: 2_000 },
    );
  });

  it("that JSON text can carry, without NUL and half pairs, passes", () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 20, stringUnit: "grapheme" }), (text) => {
        fc.pre(!text.includes("__proto__") && !text.includes(String.raw`\u0000`));
        expect(checkJson(JSON.parse(text))).toEqual(JSON.parse(JSON.stringify(JSON.parse(text))));
      }),
      { seed, numRuns: 500 },
    );
  });
});

it("freezing reaches the leaves, and leaves out what is frozen already", () => {
  const inner = Object.freeze({ list: [1] });
  const value = freezeJson({ a: [{ b: null }], inner, gone: undefined, text: "t" }) as { a: { b: null }[] };
  expect(Object.isFrozen(value.a[0])).toBe(true);
  expect(Object.isFrozen(inner.list)).toBe(false);
});
