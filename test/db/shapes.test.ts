import { randomUUID } from "node:crypto";
import { expect, test } from "vitest";
import type { Role } from "../support/database.ts";
import { createTestDatabase } from "../support/database.ts";
import { checkAfterEach, claimRequest, engineOf, leaseOf, newRun, placesOf, step } from "../support/engine-calls.ts";

const database = await createTestDatabase();
const engine = engineOf(database);
checkAfterEach(database);

const { key: _key, hash: _hash, ...run } = newRun({ key: "k", hash: "h" });
const keyed = { ...run, key: "k", hash: "h" };
const request = { workflow: "fulfil-order", key: "k", hash: "h" };
const shared = { workflow: "w", version: 1, priority: 2 };
const byColumns = (facts: object) => ({ columns: { id: [run.id], input: [1], ...facts }, shared });
const fresh = (facts: object) => ({ fresh: byColumns(facts).columns, shared });
const without = (facts: object, key: string) => Object.fromEntries(Object.entries(facts).filter(([name]) => name !== key));
const claim = claimRequest();

const slips: [call: "enqueue" | "claim" | "advance" | "cancel" | "redrive", what: string, request: unknown][] = [
  ["enqueue", "no request", null],
  ["enqueue", "JSON's null", "null"],
  ["enqueue", "a list", []],
  ["enqueue", "an empty object", {}],
  ["enqueue", "no run", { runs: [] }],
  ["enqueue", "no fresh run", { fresh: { id: [], input: [] } }],
  ["enqueue", "runs that are one object", { runs: run }],
  ["enqueue", "a run that is none", { runs: [run, 7] }],
  ["enqueue", "an unknown key", { runs: [run], prio: 1 }],
  ["enqueue", "an unknown key of a run", { runs: [{ ...run, prio: 1 }] }],
  ["enqueue", "the run that a key stands for", { runs: [{ ...run, known: randomUUID() }] }],
  ["enqueue", "the run that the request's key stands for", { runs: [{ ...run, known: randomUUID() }], request }],
  ["enqueue", "a run without an input", { runs: [without(run, "input")] }],
  ["enqueue", "a run without an id", { runs: [without(run, "id")] }],
  ["enqueue", "a run whose id is null", { runs: [{ ...run, id: null }] }],
  ["enqueue", "a key without a hash", { runs: [without(keyed, "hash")] }],
  ["enqueue", "a key that is a number", { runs: [{ ...keyed, key: 1 }] }],
  ["enqueue", "a request's key without a hash", { runs: [run], request: without(request, "hash") }],
  ["enqueue", "a request's key that is null", { runs: [run], request: { ...request, key: null } }],
  ["enqueue", "a request of another workflow", { runs: [run], request: { ...request, workflow: "other" } }],
  ["enqueue", "no run by columns", byColumns({ id: [], input: [] })],
  ["enqueue", "columns that are none", { columns: [run] }],
  ["enqueue", "columns and rows", { ...byColumns({}), runs: [run] }],
  ["enqueue", "columns and those of before", { ...byColumns({}), ...fresh({}) }],
  ["enqueue", "freshness that is a text", { ...byColumns({}), fresh: "yes" }],
  ["enqueue", "columns of two lengths", byColumns({ delay_ms: [1, 2] })],
  ["enqueue", "a column that is none", byColumns({ priority: 2 })],
  ["enqueue", "ids that are no column", byColumns({ id: run.id })],
  ["enqueue", "an unknown column", byColumns({ prio: [2] })],
  ["enqueue", "the run that a key stands for, as a column", byColumns({ known: [randomUUID()] })],
  ["enqueue", "a run by columns whose id is null", byColumns({ id: [null] })],
  ["enqueue", "columns without inputs", { columns: { id: [run.id] }, shared }],
  ["enqueue", "a column of keys without hashes", byColumns({ key: ["k"] })],
  ["enqueue", "a column of hashes without keys", byColumns({ hash: ["h"] })],
  ["enqueue", "a key in a column without a hash beside it", byColumns({ key: ["k"], hash: [null] })],
  ["enqueue", "a key in a column that is a number", byColumns({ key: [1], hash: ["h"] })],
  ["enqueue", "attributes in a column that are no object", byColumns({ attributes: [["eu"]] })],
  ["enqueue", "something unknown that runs share", { ...byColumns({}), shared: { input: 1 } }],
  ["enqueue", "columns of another workflow than the request", { ...byColumns({}), request }],
  ["enqueue", "a column of workflows with another than the request", { ...byColumns({ workflow: ["other"] }), request }],
  ["enqueue", "fresh runs and others", { ...fresh({}), runs: [run] }],
  ["enqueue", "fresh runs with a key of the request", { ...fresh({}), request }],
  ["enqueue", "fresh columns of two lengths", fresh({ delay_ms: [1, 2] })],
  ["enqueue", "a fresh column that is none", fresh({ priority: 2 })],
  ["enqueue", "an unknown fresh column", fresh({ prio: [2] })],
  ["enqueue", "a fresh run whose id is null", fresh({ id: [null] })],
  ["enqueue", "fresh columns without inputs", { fresh: { id: [run.id] } }],
  ["enqueue", "something unknown that fresh runs share", { ...fresh({}), shared: { input: 1 } }],
  ["claim", "no request", null],
  ["claim", "a list", []],
  ["claim", "an empty object", {}],
  ["claim", "an unknown key", { ...claim, maximum: 1 }],
  ["claim", "no most", without(claim, "max")],
  ["claim", "a most that is null", { ...claim, max: null }],
  ["claim", "a most that is a text", { ...claim, max: "1" }],
  ["claim", "a manifest that is none", { ...claim, manifest: {} }],
  ["claim", "a manifest that is null", { ...claim, manifest: null }],
  ["claim", "a manifest without shapes", { ...claim, manifest: [{ name: "a", version: 1 }] }],
  ["claim", "a watermark that is none", { ...claim, low: 7 }],
  ["claim", "suspects that are a text", { ...claim, suspects: "yes" }],
  ["advance", "no request", null],
  ["advance", "a list of rounds", [{ ttl_ms: 1_000 }]],
  ["advance", "no time to live", {}],
  ["advance", "an unknown key", { ttl_ms: 1_000, step: [] }],
  ["advance", "steps without outputs", { ttl_ms: 1_000, steps: { place: [0], run: [run.id] } }],
  ["advance", "parks that are one object", { ttl_ms: 1_000, parks: { place: 0, run: run.id, delay_ms: 0 } }],
  ["advance", "a park without a delay", { ttl_ms: 1_000, parks: [{ place: 0, run: run.id }] }],
  ["advance", "done without a place", { ttl_ms: 1_000, done: { run: [run.id] } }],
  ["advance", "a claim without a most", { ttl_ms: 1_000, claim: without(claim, "max") }],
  ["cancel", "no request", null],
  ["cancel", "an unknown key", { life: 1 }],
  ["cancel", "a life that is no number", { redrives: "0" }],
  ["cancel", "a name that is empty", { by: "" }],
  ["cancel", "a name that is too long", { by: "x".repeat(201) }],
  ["redrive", "no request", null],
  ["redrive", "a name that is none", { by: 7 }],
  ["redrive", "an unknown key", { life: 1 }],
  ["redrive", "a life that is null", { redrives: null }],
];

const roles = { enqueue: "producer", claim: "poller", advance: "poller", cancel: "operator", redrive: "operator" } as const;
const connections = Object.fromEntries(Object.values(roles).map((role) => [role, database.connect(role)]));

/** What the database says of a call: the SQLSTATE and the sentence. */
async function refusalOf(role: Role, text: string, values: readonly unknown[]): Promise<{ sqlstate?: string; message?: string }> {
  return connections[role]!.query(`select baton.${text}`, values).then(
    () => ({}),
    (thrown: { sqlstate?: string; message?: string }) => thrown,
  );
}

test("a call of another shape than its header says is refused as BT040 with a sentence, and changes nothing", async () => {
  const { token, runs } = await leaseOf(engine, 1);
  const held = { place: runs[0]!.place, run: runs[0]!.id };
  await engine.enqueue([newRun()]);
  const before = await dump();
  const first: Record<string, unknown[]> = {
    enqueue: [],
    claim: [randomUUID()],
    advance: [token, 1],
    cancel: [held.run],
    redrive: [held.run],
  };
  const types: Record<string, string> = {
    claim: "$1::uuid, ",
    advance: "$1::uuid, $2::integer, ",
    cancel: "$1::uuid, ",
    redrive: "$1::uuid, ",
  };
  const misses: unknown[] = [];
  for (const [call, what, given] of slips) {
    const values = [...first[call]!, given === null ? null : given === "null" ? "null" : JSON.stringify(given)];
    const refused = await refusalOf(roles[call], `${call}(${types[call] ?? ""}$${values.length}::jsonb)`, values);
    if (refused.sqlstate !== "BT040" || !/^[a-z].{10,}$/.test(refused.message ?? ""))
      misses.push([call, what, refused.sqlstate, refused.message]);
  }
  const { output, ...columns } = Object.fromEntries(Object.entries(step(runs[0]!)).map(([key, value]) => [key, [value]]));
  for (const [what, steps] of [
    ["outputs that are one too few", { ...columns, output: [] }],
    ["runs that are one too few", { ...columns, output, run: [] }],
    ["a negative position", { ...columns, output, position: [-1] }],
    ["a column that nobody knows", { ...columns, output, state: [1] }],
  ] as const) {
    const refused = await refusalOf("poller", "advance($1::uuid, 1, $2::jsonb)", [token, JSON.stringify({ ttl_ms: 1_000, steps })]);
    if (refused.sqlstate !== "BT040") misses.push(["advance", what, refused.sqlstate, refused.message]);
  }
  expect(misses).toEqual([]);
  expect(await dump()).toEqual(before);
});

test("a call for no run, no lease or no round is refused as BT040", async () => {
  for (const [role, text] of [
    ["operator", "cancel(null)"],
    ["operator", "redrive(null)"],
    ["poller", "release(null)"],
    ["poller", `claim(null, '${JSON.stringify(claim)}')`],
    ["poller", `advance(null, 1, '{"ttl_ms":1}')`],
    ["poller", `advance('${randomUUID()}', null, '{"ttl_ms":1}')`],
  ] as const) {
    expect([text, (await refusalOf(role, text, [])).sqlstate]).toEqual([text, "BT040"]);
  }
});

test("nobody can take an idempotency key for the run of somebody else", async () => {
  const [theirs, mine] = [newRun(), newRun()];
  await engine.enqueue([theirs]);
  const spoilt = { runs: [{ ...newRun(), known: theirs.id }], request };
  expect(await refusalOf("producer", "enqueue($1::jsonb)", [JSON.stringify(spoilt)])).toMatchObject({ sqlstate: "BT040" });
  expect((await engine.enqueue([mine], request)).runs).toEqual([{ id: mine.id, status: "ready" }]);
  expect(await placesOf(database, mine.id)).toEqual(["ready"]);
});

test("a slip in a value is refused by Postgres with its own words, and stores nothing", async () => {
  const before = await dump();
  for (const [facts, sqlstate] of [
    [{ id: "one" }, "22P02"],
    [{ version: "first" }, "22P02"],
    [{ priority: -1 }, "23514"],
    [{ workflow: null }, "23502"],
    [{ run_at: "tomorrow-ish" }, "22007"],
  ] as const) {
    const refused = await refusalOf("producer", "enqueue($1::jsonb)", [JSON.stringify({ runs: [{ ...run, ...facts }] })]);
    expect([facts, refused.sqlstate]).toEqual([facts, sqlstate]);
  }
  expect(await dump()).toEqual(before);
});

async function dump(): Promise<unknown> {
  const tables = ["run", "checkpoint", "failure", "ending", "ready", "lease", "blocked", "dedup", "control", "redrive"];
  const texts = tables.map(
    (table) => `select '${table}' as name, coalesce(jsonb_agg(t order by t::text), '[]') as rows from baton.${table} as t`,
  );
  return database.query(texts.join(" union all "));
}

test("a value of the right kind that does not fit is refused with Postgres' own code, and nothing is done", async () => {
  const given = (call: string, request: object) => `${call}('${JSON.stringify(request)}')`;
  const before = await dump();
  for (const [text, sqlstate] of [
    [given("enqueue", { runs: [{ ...run, priority: 9 }] }), "23514"],
    [given("list_runs", { limit: 1.5 }), "22P02"],
    [given("list_runs", { limit: -1 }), "2201W"],
    [given("list_runs", { limit: 1e20 }), "22003"],
    [given("list_runs", { limit: 1, created_after: "garbage" }), "22007"],
  ] as const) {
    expect([text, (await refusalOf(text.startsWith("enqueue") ? "producer" : "operator", text, [])).sqlstate]).toEqual([text, sqlstate]);
  }
  expect(await dump()).toEqual(before);
});
