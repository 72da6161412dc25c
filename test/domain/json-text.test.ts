import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseJson } from "../../shared/domain/json-text.ts";
import { NotJsonError } from "../../shared/domain/json.ts";
import { seed } from "./seed.ts";

function refusalOf(text: string): NotJsonError {
  try {
    parseJson(text);
  } catch (thrown) {
    if (thrown instanceof NotJsonError) return thrown;
    throw thrown;
  }
  throw new Error(`${text} was accepted`);
}

const another = "this number would come back as another one, because a double cannot hold it: send it as a string";
const minusZero = "minus zero would come back as 0: use 0, or send it as a string";

describe("JSON text", () => {
  it.each([
    "0",
    "-1",
    "0.1",
    "1.0",
    "12.50",
    "1e2",
    "1E+2",
    "-1.5e-7",
    "0.30000000000000004",
    "9007199254740991",
    "9007199254740992",
    "9007199254740994",
    "12345678901234567000",
    "1e21",
    "1e308",
    "1.7976931348623157e308",
    "5e-324",
    "0e99999",
    "0.000",
    "1000000000000000000000e-21",
    '"12345678901234567890"',
    String.raw`{"a":{"b":1},"b":[{"b":1},{"b":2}],"\\":"\"","\"":":,{[1e400"}`,
    ' [ true , false , null , { } , [ ] , "" ] ',
    `${"[".repeat(64)}${"]".repeat(64)}`,
  ])("%s is parsed", (text) => {
    expect(parseJson(text)).toEqual(JSON.parse(text));
  });

  it.each([
    ["an integer of 17 digits that no double is", '{"account":[9007199254740993]}', "/account/0", another],
    ["one of 20 digits", "12345678901234567890", "", another],
    ["a fraction of 18 digits", '[1,{"a/b":0.123456789012345678}]', "/1/a~1b", another],
    ["a tenth with a one after 20 zeros", "0.100000000000000000001", "", another],
    ["a number that is too large", "[1e400]", "/0", another],
    ["a negative one", "[-1e400]", "/0", another],
    ["one that is too small", "[0, 1e-400]", "/1", another],
    ["a small negative one", "[-1e-400]", "/0", another],
    ["minus zero", '{"a":-0}', "/a", minusZero],
    ["minus zero with a fraction", "-0.00", "", minusZero],
    ["minus zero with an exponent", "-0e7", "", minusZero],
    ["a key that is given twice", '{"a":{"b":1,"c":2,"b":1}}', "/a/b", "this key is given twice"],
    ["a key that is given twice in two spellings", String.raw`[{"a":1,"\u0061":2}]`, "/0/a", "this key is given twice"],
    ["65 levels", "[".repeat(65) + "]".repeat(65), "/0".repeat(64), "it is nested deeper than 64"],
    ["100,000 levels", '{"a":'.repeat(100_000) + "1" + "}".repeat(100_000), "/a".repeat(64), "it is nested deeper than 64"],
  ])("%s is refused with its place and the reason", (_, text, pointer, reason) => {
    const { pointer: at, reason: why } = refusalOf(text);
    expect({ pointer: at, reason: why }).toEqual({ pointer, reason });
  });

  it("that is none is a SyntaxError", () => {
    expect(() => parseJson('{"a":1,}')).toThrow(SyntaxError);
  });

  it(`that JavaScript writes passes (seed ${seed})`, () => {
    const value = fc.oneof(fc.jsonValue({ noUnicodeString: false }), fc.double({ noNaN: true, noDefaultInfinity: true }));
    fc.assert(
      fc.property(value, (given) => {
        const text = JSON.stringify(given, null, 1);
        expect(parseJson(text)).toEqual(JSON.parse(text));
      }),
      { seed, numRuns: 2_000 },
    );
  });

  it(`passes exactly when each number is written as the same decimal value (seed ${seed})`, () => {
    const digits = fc.stringMatching(/^(0|[1-9][0-9]{0,24})$/);
    const number = fc.tuple(digits, fc.stringMatching(/^[0-9]{1,24}$/), fc.integer({ min: -20, max: 20 }));
    fc.assert(
      fc.property(number, ([whole, fraction, exponent]) => {
        const text = `${whole}.${fraction}e${exponent}`;
        const scaled = (source: string) => {
          const [mantissa = "", power = "0"] = source.split("e");
          const [before = "", after = ""] = mantissa.split(".");
          return BigInt(before + after) * 10n ** BigInt(200 + Number(power) - after.length);
        };
        const isSame = scaled(text) === scaled(String(Number(text)));
        if (isSame) expect(parseJson(text)).toBe(Number(text));
        else expect(refusalOf(text).reason).toBe(another);
      }),
      { seed, numRuns: 2_000 },
    );
  });
});
