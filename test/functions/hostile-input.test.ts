import fc from "fast-check";
import { expect, test } from "vitest";
import { handler } from "../../functions/enqueue-run.http.ts";
import { call, deployFunctions } from "../support/http-functions.ts";

const database = await deployFunctions("producer");

const seed = Number(process.env["BATON_SEED"] ?? Math.floor(Math.random() * 2 ** 31));
const internals = /\bat \S+:\d+:\d+|node_modules|postgres|neon|sqlstate|\bselect\b|baton\.\w+\(/i;

const post = (body: unknown, headers: Record<string, string> = {}, name = "fulfil-order") =>
  call(handler, { method: "POST", path: `/workflows/${encodeURIComponent(name)}/runs`, parameters: { name }, body, headers });

async function counts() {
  const [row] = await database.query(
    "select (select count(*) from baton.run) as runs, (select count(*) from baton.ready) as ready, (select count(*) from baton.dedup) as keys",
  );
  return row;
}

/**
 * A good request is accepted; any other is a problem of the caller's, which shows nothing internal
 * and leaves nothing behind.
 */
async function answersWell(body: unknown, headers?: Record<string, string>, name?: string): Promise<number> {
  const before = await counts();
  const { status, text } = await post(body, headers, name);
  if (status === 202) return status;
  expect([400, 404, 413, 415, 422]).toContain(status);
  expect(text).not.toMatch(internals);
  expect(await counts()).toEqual(before);
  return status;
}

/**
 * In the manner of JSONTestSuite: what parsers are known to disagree on, one a line, and then what
 * does not fit on one.
 */
const documents = String.raw`
nul|tru|True|NaN|Infinity|-Infinity|undefined|'a'|\u0022|//|/**/|{}//|<.>
[|]|{|}|[,]|[1,]|[1,,2]|[1 2]|{"a"}|{"a":}|{"a":1,}|{:1}|{1:1}|{"a":1 "b":2}|[1]]|{"a":1}}
01|-01|+1|1.|.1|1e|1e+|--1|0x1|1_000|1e400|-1e400|1e-400|123123e100000|-0|9007199254740993
"|"\x"|"\u12"|"\ud800"|"\udc00\ud800"|"\u0000"|"\|"\"
{"a":1,"a":2}|{"__proto__":1}|{"constructor":{"prototype":1}}|{"":0}|{"input":1,"input":2}|{"runs":{"length":1}}`
  .slice(1)
  .split(/[|\n]/)
  .concat("", " ", "\t", "\n", '"\t"', '"\n"', '"\0"', "[".repeat(65) + "]".repeat(65), "[".repeat(100_000))
  .concat('{"a":'.repeat(5_000), '[{"":'.repeat(20_000), `[${"0,".repeat(300_000)}0]`);

test("documents that parsers disagree on are refused, alone, as an input and in a batch", async () => {
  for (const document of documents) {
    expect(await answersWell(document)).not.toBe(202);
    expect(await answersWell(`{"input":${document}}`)).not.toBe(202);
    expect(await answersWell(`{"runs":[{"input":{"orderId":${document}}}]}`)).not.toBe(202);
    expect(await answersWell(Buffer.from(document))).not.toBe(202);
  }
});

test("hostile names of workflows are not found", async () => {
  for (const name of [
    "__proto__",
    "constructor",
    "prototype",
    "hasOwnProperty",
    "valueOf",
    "' or 1=1 --",
    "<script>",
    "\u0000",
    "\ud800",
    "a".repeat(10_000),
  ]) {
    const { status, text } = await post({ input: {} }, {}, name.toWellFormed());
    expect(status).toBe(404);
    expect(text).not.toMatch(internals);
  }
});

const good = { input: { orderId: "o-1", amountCents: 1 }, delay: "1 second", priority: 1, idempotencyKey: "k" };
const key = fc.constantFrom("input", "delay", "runAt", "priority", "idempotencyKey", "runs", "__proto__", "constructor", "toString", "x");
const value = fc.oneof(
  fc.jsonValue({ maxDepth: 4 }),
  fc.string({ unit: "binary" }),
  fc.constantFrom<unknown>(
    1e308,
    -1,
    2 ** 53 + 2,
    "1 second",
    "99999999999 weeks",
    "2030-01-01T00:00:00Z",
    "2030-13-01T00:00:00Z",
    "0001-01-01T00:00:00+23:59",
    "\0",
    good.input,
  ),
);
const body = fc
  .tuple(fc.boolean(), fc.array(fc.tuple(key, value), { maxLength: 3 }), fc.array(key, { maxLength: 2 }))
  .map(([batch, changes, removed]) => {
    const run: Record<string, unknown> = { ...good, ...Object.fromEntries(changes) };
    for (const name of removed) delete run[name];
    return batch ? { runs: [good, run] } : run;
  });
const header = fc.record(
  {
    "content-type": fc.constantFrom("application/json", "APPLICATION/JSON; charset=UTF-8", "text/json", "application/json;", ""),
    "idempotency-key": fc.oneof(fc.string({ minLength: 1, maxLength: 300 }), fc.constant("same")),
  },
  { requiredKeys: [] },
);

test(`requests that are changed at random are accepted or refused, and never break anything (BATON_SEED=${seed})`, async () => {
  const seen = new Set<number>();
  await fc.assert(
    fc.asyncProperty(body, header, async (sent, headers) => {
      seen.add(await answersWell(sent, headers));
    }),
    { seed, numRuns: 400, interruptAfterTimeLimit: 20_000, markInterruptAsFailure: false },
  );
  expect([...seen]).toEqual(expect.arrayContaining([202, 400, 415, 422]));
});

test(`bodies of random bytes are refused (BATON_SEED=${seed})`, async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 200 }), async (bytes) => {
      expect(await answersWell(Buffer.from(bytes))).not.toBe(202);
    }),
    { seed, numRuns: 200, interruptAfterTimeLimit: 20_000, markInterruptAsFailure: false },
  );
});

test("the database is in order after all of this", async () => {
  await database.assertInvariants();
});
