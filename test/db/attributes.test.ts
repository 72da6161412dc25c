import { expect, test } from "vitest";
import { createTestDatabase } from "../support/database.ts";
import { checkAfterEach, engineOf, error, failure, leaseOf, member, newRun, newRuns, step, type Member } from "../support/engine-calls.ts";

const database = await createTestDatabase();
const engine = engineOf(database);
checkAfterEach(database);

/** Attributes of so many bytes, as Postgres writes them. */
const ofBytes = (bytes: number) => ({ a: "x".repeat(bytes - '{"a": ""}'.length) });
const rows = () => database.query("select run_id, attributes from baton.attribute order by run_id");
const attributesOf = async (id: string) => (await engine.findRun(id))!.attributes;
const patchOf = (of: Member, patch: Record<string, string | null>) => ({ ...member(of), patch });

test("attributes are stored with their run, with or without a key, and a run without any has no row", async () => {
  const runs = [newRun({ attributes: { tags: ["eu"] } }), newRun(), newRun({ attributes: {} }), newRun({ attributes: { gone: null } })];
  const keyed = [newRun({ key: "k-1", hash: "h", attributes: { n: 1 } }), newRun({ key: "k-2", hash: "h" })];
  await engine.enqueue(runs);
  await engine.enqueue(keyed);
  expect(await rows()).toEqual([
    { run_id: runs[0]!.id, attributes: { tags: ["eu"] } },
    { run_id: keyed[0]!.id, attributes: { n: 1 } },
  ]);
  expect([await attributesOf(runs[0]!.id), await attributesOf(runs[1]!.id)]).toEqual([{ tags: ["eu"] }, null]);
});

test("a repeat of an enqueue does not bring back what was changed since", async () => {
  const run = newRun({ attributes: { stage: "new", tags: ["eu"] } });
  await engine.enqueue([run]);
  await engine.changeAttributes(run.id, { stage: null, tags: null });
  await engine.enqueue([run]);
  expect(await rows()).toEqual([]);
});

test("attributes of more than 2,048 bytes are refused with their run, by enqueue and by a change, to the byte", async () => {
  const [good, bad] = [newRun({ attributes: ofBytes(2_048) }), newRun({ attributes: ofBytes(2_049) })];
  await engine.enqueue([good]);
  await expect(engine.enqueue([bad])).rejects.toMatchObject({ sqlstate: "BT053", detail: bad.id });
  expect(await engine.findRun(bad.id)).toBeNull();
  await expect(engine.changeAttributes(good.id, { b: "" })).rejects.toMatchObject({ sqlstate: "BT053", detail: String(2_048 + 9) });
  expect(await attributesOf(good.id)).toEqual(ofBytes(2_048));
});

test("attributes that are no object, or that JavaScript would not give back, are refused by enqueue and by a change", async () => {
  const producer = database.connect("producer");
  const enqueue = (request: object) => producer.query("select baton.enqueue($1::jsonb)", [JSON.stringify(request)]);
  const run = newRun();
  const shared = { workflow: "w", version: 1, priority: 2 };
  for (const attributes of [[], "eu", 1, true]) {
    await expect(enqueue({ runs: [{ ...run, attributes }] })).rejects.toMatchObject({ sqlstate: "BT040" });
    await expect(enqueue({ fresh: { id: [run.id], input: [1], attributes: [attributes] }, shared })).rejects.toMatchObject({
      sqlstate: "BT040",
    });
  }
  const unfaithful = JSON.stringify({ ...run, attributes: { n: 0 } }).replace('"n":0', '"n":9007199254740993');
  for (const request of [`{"runs": [${unfaithful}]}`, `{"runs": [${JSON.stringify(newRun())}, ${unfaithful}]}`]) {
    await expect(producer.query("select baton.enqueue($1::jsonb)", [request])).rejects.toMatchObject({
      sqlstate: "BT051",
      detail: "/n",
      message: expect.stringContaining("of the attributes of run"),
    });
  }
  await engine.enqueue([run]);
  const change = (request: string) =>
    database.connect("operator").query("select baton.change_attributes($1, $2::jsonb)", [run.id, request]);
  for (const [request, sqlstate] of [
    ['{"patch": {"n": 9007199254740993}}', "BT051"],
    ['{"patch": []}', "BT040"],
    ["{}", "BT040"],
    ['{"patch": {}, "more": 1}', "BT040"],
  ] as const) {
    await expect(change(request)).rejects.toMatchObject({ sqlstate });
  }
  await expect(change('{"patch": {"a": {"__proto__": 1}}}')).rejects.toMatchObject({ message: "there is a key __proto__ in the patch" });
  expect(await rows()).toEqual([]);
});

test("a change merges key by key, null takes a key away, the last one takes the row, and a repeat changes nothing", async () => {
  const run = newRun();
  await engine.enqueue([run]);
  expect(await engine.changeAttributes(run.id, { tags: ["eu"], customer: { id: "c-1" } })).toEqual({
    attributes: { tags: ["eu"], customer: { id: "c-1" } },
    changed: true,
  });
  const patch = { customer: { name: "Ada" }, tags: null };
  expect(await engine.changeAttributes(run.id, patch)).toEqual({ attributes: { customer: { name: "Ada" } }, changed: true });
  const [{ xmin: before }] = (await database.query("select xmin::text from baton.attribute")) as [{ xmin: string }];
  expect(await engine.changeAttributes(run.id, patch)).toEqual({ attributes: { customer: { name: "Ada" } }, changed: false });
  expect(await database.query("select xmin::text from baton.attribute")).toEqual([{ xmin: before }]);
  expect(await engine.changeAttributes(run.id, { customer: null })).toEqual({ attributes: {}, changed: true });
  // One row of the audit for each change, none for the repeat, and no payload.
  expect(await database.query("select action, run_id, details from baton.audit order by at")).toEqual([
    { action: "change attributes", run_id: run.id, details: { keys: ["customer", "tags"] } },
    { action: "change attributes", run_id: run.id, details: { keys: ["customer", "tags"] } },
    { action: "change attributes", run_id: run.id, details: { keys: ["customer"] } },
  ]);
  expect(await rows()).toEqual([]);
  expect(await engine.changeAttributes(newRun().id, patch)).toBeNull();
});

test("a run that has ended is changed too", async () => {
  const { token, runs } = await leaseOf(engine, 1);
  await engine.advance(token, 1, { steps: [step(runs[0]!)], done: [member(runs[0]!)] });
  await engine.release(token);
  expect(await engine.changeAttributes(runs[0]!.id, { reviewed: true })).toMatchObject({ changed: true });
});

test("changes of one run at the same moment are all kept", async () => {
  const run = newRun();
  await engine.enqueue([run]);
  await Promise.all(Array.from({ length: 8 }, (_, n) => engine.changeAttributes(run.id, { [`k${n}`]: n })));
  expect(Object.keys((await attributesOf(run.id))!)).toHaveLength(8);
});

test("a round stores what attempts set, with an output and with a failure, and its repeat changes nothing", async () => {
  const { token, runs } = await leaseOf(engine, [newRun({ attributes: { stage: "new" } }), newRun()]);
  const [first, second] = runs as readonly Member[] as [Member, Member];
  const round = {
    steps: [step(first)],
    failures: [failure(second)],
    attributes: [patchOf(first, { stage: null, bank: "b-1" }), patchOf(second, { tried: "bank" })],
  };
  const answer = await engine.advance(token, 1, round);
  expect(answer.left_out).toBeNull();
  expect([await attributesOf(first.id), await attributesOf(second.id)]).toEqual([{ bank: "b-1" }, { tried: "bank" }]);
  await engine.changeAttributes(first.id, { bank: "b-2" });
  await engine.advance(token, 1, round);
  expect(await attributesOf(first.id)).toEqual({ bank: "b-2" });
  await engine.release(token);
});

test("what would be over 2 KiB is left out of a round and told, also by its repeat; all else of the round is stored", async () => {
  const { token, runs } = await leaseOf(engine, [newRun({ attributes: ofBytes(2_000) }), newRun()]);
  const [full, other] = runs as readonly Member[] as [Member, Member];
  const round = {
    steps: [step(full), step(other)],
    attributes: [patchOf(full, { more: "x".repeat(100) }), patchOf(other, { more: "x" })],
  };
  const leftOut = [{ run: full.id, bytes: 2_000 + ', "more": ""'.length + 100 }];
  expect(await engine.advance(token, 1, round)).toMatchObject({ left_out: leftOut, lost: [], stopped: [] });
  expect(await engine.advance(token, 1, round)).toMatchObject({ left_out: leftOut, lost: [], stopped: [] });
  expect((await engine.findRun(full.id))!.checkpoints).toHaveLength(1);
  expect([await attributesOf(full.id), await attributesOf(other.id)]).toEqual([ofBytes(2_000), { more: "x" }]);
  await engine.release(token);
});

test("a strict round with statements stores attributes in the same transaction, or neither", async () => {
  const { token, runs } = await leaseOf(engine, 1);
  const run = runs[0]!;
  const round = { steps: [step(run)], attributes: [patchOf(run, { stage: "paid" })] };
  await expect(engine.advanceWith(token, 1, round, [{ text: "select 1 / 0" }])).rejects.toMatchObject({ sqlstate: "22012" });
  expect(await attributesOf(run.id)).toBeNull();
  await engine.advanceWith(token, 2, round, [{ text: "select 1" }]);
  expect(await attributesOf(run.id)).toEqual({ stage: "paid" });
  await engine.release(token);
});

test("nothing is stored of a run that is no member, or whose output is refused as a duplicate", async () => {
  const { token, runs } = await leaseOf(engine, 2);
  const [lost, other] = runs as readonly Member[] as [Member, Member];
  const stranger = newRun();
  await engine.enqueue([stranger]);
  await engine.advance(token, 1, { steps: [step(lost)] });
  const round = { steps: [step(lost)], checked: true as const };
  const attributes = [patchOf(lost, { a: "1" }), { place: other.place, run: stranger.id, patch: { a: "2" } }];
  expect(await engine.advance(token, 2, { ...round, attributes })).toMatchObject({ lost: [lost.id] });
  expect(await rows()).toEqual([]);
  await engine.release(token);
});

test("a run that fails for good keeps what its last attempt has set", async () => {
  const { token, runs } = await leaseOf(engine, newRuns(1));
  const run = runs[0]!;
  const last = failure(run, { delay_ms: null });
  await engine.advance(token, 1, { failures: [last], failed: [{ ...member(run), error }], attributes: [patchOf(run, { bank: "down" })] });
  expect(await engine.findRun(run.id)).toMatchObject({ status: "failed", attributes: { bank: "down" } });
  await engine.release(token);
});
