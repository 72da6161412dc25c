import { v7 } from "uuid";
import { afterAll, describe, expect, test, vi } from "vitest";
import { handler as find } from "../../functions/control-runs.http.ts";
import { handler as enqueue } from "../../functions/enqueue-run.http.ts";
import { createClient, type RunView } from "../../shared/client.ts";
import { workflows } from "../../shared/workflows/index.ts";
import { call, deployFunctions } from "../support/http-functions.ts";
import { poll } from "../support/poller.ts";

vi.mock("../../shared/workflows/index.ts", () => import("./echo.ts"));

const database = await deployFunctions("owner");
const client = createClient({ database: database.database, logger: { debug() {}, info() {}, warn() {}, error() {} } });
afterAll(() => database.assertInvariants());

const accepted = [
  "null",
  "true",
  "false",
  "0",
  "-1",
  "0.1",
  "-0.5",
  "1.0",
  "12.50",
  "1e2",
  "1E+2",
  "1e-2",
  "0e7",
  "0.0",
  "0.30000000000000004",
  "9007199254740991",
  "-9007199254740991",
  "9007199254740992",
  "9007199254740994",
  "12345678901234567000",
  "175715340887366800",
  "1e21",
  "1e22",
  "123456789012345680000",
  "1e308",
  "-1.7976931348623157e308",
  "5e-324",
  "2.2250738585072014e-308",
  "1e-7",
  "100000000000000000000e-20",
  `1${"0".repeat(300)}`,
  `0.${"0".repeat(300)}1`,
  '""',
  '"text"',
  '"12345678901234567890"',
  '"€ \u{1F600} é e\u0301 \u202e \ufeff \u007f \uffff"',
  '" leading and trailing "',
  ...String.raw`"\u0022\u005c\u002f\u0008\u000c\u000a\u000d\u0009" "\"\\\/\b\f\n\r\t" "\u0001\u001f" "\u007f\u0080\u2028\u2029" "\ud83d\ude00"`.split(
    " ",
  ),
  "[]",
  "{}",
  "[[]]",
  "[null]",
  "[1,[2,[3,{}]]]",
  '{"":0}',
  '{"a":{"a":{"a":1}}}',
  '{"b":1,"aa":2,"a":3,"10":4,"9":5,"é":6}',
  '{"constructor":1,"toString":2,"hasOwnProperty":3,"then":4,"toJSON":5,"valueOf":6}',
  '{"a/b":1,"~":2,"a b":3,"\\"":4}',
  " [ 1 ,\t2\n,\r3 ] ",
  '{ "a" : [ ] }',
  '[{"a":1},{"a":1}]',
  `${"[".repeat(60)}${"]".repeat(60)}`,
  JSON.stringify("x".repeat(200_000)),
  JSON.stringify(Array.from({ length: 10_000 }, (_, n) => n / 7)),
  `[${"1e300,".repeat(50)}1]`,
];

const refused: [string, string][] = [
  ...["9007199254740993", "-9007199254740993", "12345678901234567890", "0.1000000000000000055511151231257827", "1.00000000000000001"].map(
    (text): [string, string] => [text, ""],
  ),
  ...["1e309", "-1e400", "123123e100000", "1e-400", "-1e-400", "-0", "-0.0", "-0e5"].map((text): [string, string] => [text, ""]),
  ['{"a":[0,{"b/c":1e400}]}', "/a/1/b~1c"],
  ['{"a":1,"a":1}', "/a"],
  ['{"a":{"b":1,"\\u0062":2}}', "/a/b"],
  ['{"__proto__":1}', "/__proto__"],
  ['"\\u0000"', ""],
  ['{"\\u0000":1}', "/\0"],
  ['"\\ud800"', ""],
  ['["\\udc00\\ud800"]', "/0"],
  [`${"[".repeat(65)}${"]".repeat(65)}`, "/0".repeat(63)],
  [`${'{"a":'.repeat(6_000)}1${"}".repeat(6_000)}`, "/a".repeat(63)],
];

const post = (text: string, key?: string) =>
  call(enqueue, {
    method: "POST",
    path: "/workflows/echo/runs",
    parameters: { name: "echo" },
    headers: key === undefined ? {} : { "idempotency-key": key },
    body: `{"input":${text}}`,
  });

const get = async (id: string) => (await call<RunView>(find, { path: `/runs/${id}`, parameters: { id } })).body;

async function work(): Promise<void> {
  // The sleep lasts no time, but the next claim is a later one.
  for (let n = 0; n < 2; n++) await poll(database.database, workflows);
}

function expectBack(run: RunView, input: unknown): void {
  expect([run.status, run.error]).toEqual(["done", null]);
  expect(run.input).toEqual(input);
  expect(run.output).toMatchObject({ input });
  const { keys, before } = run.output as { keys: string[]; before: string[] };
  expect(keys).toEqual(before);
}

test("each accepted document comes back equal, by HTTP, by the client and by SQL, to handlers and to readers", async () => {
  const ids: [string, string][] = [];
  for (const text of accepted) {
    const { status, body } = await post(text);
    expect([text, status]).toEqual([text, 202]);
    ids.push([text, body.id]);
    const { id } = await client.enqueue({ name: "echo", version: 1 } as never, JSON.parse(text) as never);
    ids.push([text, id]);
    const own = v7();
    await database.query("select baton.enqueue($1::jsonb)", [
      `{"runs":[{"id":"${own}","workflow":"echo","version":1,"priority":2,"input":${text}}]}`,
    ]);
    ids.push([text, own]);
  }
  await work();
  for (const [text, id] of ids) {
    expectBack(await get(id), JSON.parse(text));
    expectBack((await client.get(id))!, JSON.parse(text));
  }
});

describe.each(refused)("the document %j", (text, pointer) => {
  test("is refused by HTTP with a pointer, and nothing is stored", async () => {
    const [before] = await database.query("select count(*) from baton.run");
    const { status, body } = await post(text);
    expect([status, body.errors.map((error) => error.pointer)]).toEqual([422, [`/input${pointer}`.slice(0, 300)]]);
    expect(await database.query("select count(*) from baton.run")).toEqual([before]);
  });
});

test("two bodies that differ in the last digit of a long number are two: neither is taken for the other", async () => {
  const answers = [await post("12345678901234567890", "long"), await post("12345678901234567891", "long")];
  expect(answers.map(({ status }) => status)).toEqual([422, 422]);
  expect((await post('"12345678901234567890"', "long")).status).toBe(202);
  expect((await post('"12345678901234567891"', "long")).body).toMatchObject({ type: "urn:baton:problem:idempotency-conflict" });
});

test.each([
  ["minus zero", { a: -0 }, "/input/a"],
  ["NaN", [NaN], "/input/0"],
  ["a bigint", { n: 1n }, "/input/n"],
])("the client refuses %s with a pointer", async (_, input, pointer) => {
  await expect(client.enqueue({ name: "echo", version: 1 } as never, input as never)).rejects.toMatchObject({ issues: [{ pointer }] });
});
