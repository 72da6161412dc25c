import fc from "fast-check";
import { v7 } from "uuid";
import { afterAll, describe, expect, test } from "vitest";
import { checkJson, type Json } from "../../shared/domain/json.ts";
import { jsonbBytes } from "../../shared/domain/jsonb-bytes.ts";
import { seed } from "../domain/seed.ts";
import { createTestDatabase } from "../support/database.ts";

const database = await createTestDatabase();
afterAll(() => database.assertInvariants());

/**
 * Enqueues one run as a program in another language does: JSON text, and nothing checked before.
 */
async function enqueueText(input: string, more: Record<string, unknown> = {}): Promise<unknown> {
  const run = JSON.stringify({ id: v7(), workflow: "order", version: 1, priority: 2, ...more });
  const [row] = await database.query<{ answer: unknown }>("select baton.enqueue($1::jsonb) as answer", [
    `{"runs":[${run.slice(0, -1)},"input":${input}}]}`,
  ]);
  return row!.answer;
}

const nested = (depth: number) => "[".repeat(depth) + "]".repeat(depth);

describe("an input by SQL", () => {
  test.each([
    "0",
    "12.50",
    "1e2",
    "0.30000000000000004",
    "9007199254740994",
    "12345678901234567000",
    "175715340887366800",
    "1.7976931348623157e308",
    "-5e-324",
    '"12345678901234567890"',
    '{"a": "0.1000000000000000055511151231257827", "n": [1, 1e300]}',
    nested(64),
    '{"a":'.repeat(64) + "1" + "}".repeat(64),
    "null",
  ])("is stored where JavaScript gives it back as it is: %s", async (input) => {
    expect(await enqueueText(input)).toMatchObject({ runs: [{ status: "ready" }] });
  });

  test.each([
    ["9007199254740993", ""],
    ['{"a/b": [1, 12345678901234567890]}', "/a~1b/1"],
    ['{"a": 0.1000000000000000055511151231257827}', "/a"],
    ["[1e400]", "/0"],
    ["[-1e400]", "/0"],
    ["[1e-400]", "/0"],
    ["[1.7976931348623158e308]", "/0"],
  ])("is refused with a pointer where a number would come back as another one: %s", async (input, pointer) => {
    await expect(enqueueText(input)).rejects.toMatchObject({
      code: "BT051",
      message: `the number at "${pointer}" of the input of run 0 would come back as another one, because a double cannot hold it`,
      hint: "Send it as a string.",
    });
  });

  test.each([
    ["65 levels", nested(65), "there is nesting deeper than 64 in the input of run 0"],
    ["6,000 levels", '{"a":'.repeat(3_000) + nested(3_000) + "}".repeat(3_000), "there is nesting deeper than 64 in the input of run 0"],
    ["the key __proto__", '{"a":[{"__proto__":1}]}', "there is a key __proto__ in the input of run 0"],
  ])("is refused for %s", async (_, input, message) => {
    await expect(enqueueText(input)).rejects.toMatchObject({ code: "BT051", message });
  });

  test("is looked at in the same way in a session that shows fewer digits", async () => {
    await database.query(`alter database ${database.name} set extra_float_digits = -15`);
    const session = database.connect("owner", "pg");
    const text = `{"runs":[{"id":"${v7()}","workflow":"order","version":1,"priority":2,"input":0.30000000000000004}]}`;
    await session.query("select baton.enqueue($1::jsonb)", [text]);
    await expect(session.query("select baton.enqueue($1::jsonb)", [text.replace("0004", "0005")])).rejects.toThrow("another one");
    await database.query(`alter database ${database.name} reset extra_float_digits`);
  });

  test("is refused when Postgres would send more than 256 KiB of it, however it is stored and sent", async () => {
    const numbers = JSON.stringify(Array.from({ length: 900 }, () => 1e308));
    const refusal = { code: "BT050", message: `an input is ${900 * 311} bytes of JSON as the database writes it, more than 262144` };
    await expect(enqueueText(numbers)).rejects.toMatchObject(refusal);
    await expect(enqueueText(`"${"x".repeat(262_143)}"`)).rejects.toMatchObject({ code: "BT050" });
    expect(await enqueueText(`"${"x".repeat(262_142)}"`)).toMatchObject({ runs: [{ status: "ready" }] });
    const fresh = `{"fresh":{"id":["${v7()}"],"input":[${numbers}]},"shared":{"workflow":"order","version":1,"priority":2},"checked":true}`;
    await expect(database.query("select baton.enqueue($1::jsonb)", [fresh])).rejects.toMatchObject(refusal);
  });
});

const double = fc.double({ noNaN: true, noDefaultInfinity: true });
const { value } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.constant(null),
    fc.boolean(),
    double,
    fc.integer(),
    fc.tuple(fc.double({ min: 1, max: 10, noNaN: true }), fc.integer({ min: -320, max: 307 })).map(([n, power]) => Number(`${n}e${power}`)),
    fc.string({ unit: "binary" }),
    fc.string({ unit: fc.integer({ min: 1, max: 127 }).map((code) => String.fromCodePoint(code)) }),
    fc.array(tie("value"), { maxLength: 5 }),
    fc.dictionary(fc.string({ unit: "binary" }), tie("value"), { maxKeys: 6, noNullPrototype: true }),
  ),
}));

function storable(given: unknown): Json | undefined {
  try {
    return checkJson(given);
  } catch {
    return undefined;
  }
}

test(`what Postgres stores of a value has the predicted bytes, order of keys and value (BATON_SEED=${seed})`, async () => {
  const values = fc
    .sample(value, { seed, numRuns: 3_000 })
    .map(storable)
    .filter((one) => one !== undefined);
  const rows = await database.query<{ bytes: number; text: string }>(
    "select octet_length(v::text) as bytes, v::text as text from jsonb_array_elements($1::jsonb) with ordinality as t (v, n) order by n",
    [JSON.stringify(values)],
  );
  expect(values.length).toBeGreaterThan(1_000);
  for (const [n, one] of values.entries()) {
    expect(jsonbBytes(one)).toBe(rows[n]!.bytes);
    expect(JSON.stringify(JSON.parse(rows[n]!.text))).toBe(JSON.stringify(one));
  }
});

test(`SQL takes exactly the numbers that come back as they went (BATON_SEED=${seed})`, async () => {
  const digits = fc.stringMatching(/^-?[1-9][0-9]{0,22}\.[0-9]{1,22}$/);
  const numbers = [...fc.sample(digits, { seed, numRuns: 2_000 }), ...fc.sample(double, { seed, numRuns: 2_000 }).map(String)];
  const rows = await database.query<{ number: string; taken: boolean; same: boolean }>(
    `select n as number, baton.is_double(n::numeric) as taken, j::numeric = n::numeric as same
     from unnest($1::text[], $2::text[]) as t (n, j)`,
    [numbers, numbers.map((number) => String(Number(number)))],
  );
  expect(rows.filter(({ taken, same }) => taken !== same)).toEqual([]);
  expect(new Set(rows.map(({ taken }) => taken)).size).toBe(2);
});
