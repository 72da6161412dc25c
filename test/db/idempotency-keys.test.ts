import { expect, test } from "vitest";
import { runRepository } from "../../shared/db/run-repository.ts";
import { createTestDatabase } from "../support/database.ts";
import { checkAfterEach, engineOf, member, newRun, newRuns, placesOf } from "../support/engine-calls.ts";

const database = await createTestDatabase();
const engine = engineOf(database);
checkAfterEach(database);

const request = { workflow: "fulfil-order", key: "monday", hash: "h1" };
const keyed = (key: string, hash = "h1", facts: Parameters<typeof newRun>[0] = {}) => newRun({ key, hash, ...facts });
const count = async (table: string) => Number((await database.query(`select count(*) from baton.${table}`))[0]!["count"]);

async function finishAll(): Promise<void> {
  const { token, runs } = await engine.claim();
  await engine.advance(token, 1, { done: runs.map(member) });
}

test("a run with a known key and the same body is the first run, also after it ended", async () => {
  const first = await engine.enqueue([keyed("k")]);
  expect((await engine.enqueue([keyed("k")])).runs).toEqual(first.runs);
  await finishAll();
  const again = await engine.enqueue([keyed("k")]);
  expect(again).toMatchObject({ runs: first.runs, nudge: false });
  expect(await placesOf(database, first.runs[0]!.id)).toEqual(["done"]);
  expect(await count("run")).toBe(1);
});

test("a request with a known key gives the first answer, also after its runs ended and with other ids", async () => {
  const first = await engine.enqueue(newRuns(3), request);
  await finishAll();
  expect(await engine.enqueue(newRuns(3), request)).toMatchObject({ runs: first.runs, nudge: false });
  expect(await count("run")).toBe(3);
});

test("a request with a known key is answered even when its ids have become too old", async () => {
  const runs = newRuns(1);
  const first = await engine.enqueue(runs, request);
  await database.advance("2 days");
  expect((await engine.enqueue(runs, request)).runs).toEqual(first.runs);
});

test("a key with another body is refused as BT011 that names the place, and stores nothing", async () => {
  await engine.enqueue([keyed("k")]);
  await expect(engine.enqueue([newRun(), keyed("k", "h2")])).rejects.toMatchObject({ sqlstate: "BT011", detail: "1" });
  await engine.enqueue(newRuns(1), request);
  await expect(engine.enqueue(newRuns(1), { ...request, hash: "h2" })).rejects.toMatchObject({ sqlstate: "BT011", detail: "request" });
  expect(await count("run")).toBe(2);
});

test("one key twice in a batch is one run, and BT011 when the bodies differ", async () => {
  const { runs } = await engine.enqueue([keyed("k"), newRun(), keyed("k")]);
  expect(runs[2]).toEqual(runs[0]);
  expect(await count("run")).toBe(2);
  await expect(engine.enqueue([keyed("l"), keyed("l", "h2")])).rejects.toMatchObject({ sqlstate: "BT011", detail: "1" });
});

test("the same key of another workflow, or of a whole request, is another key", async () => {
  await engine.enqueue([keyed("monday")]);
  const other = keyed("monday", "h2", { workflow: "transcode-video" });
  expect((await engine.enqueue([other])).runs).toEqual([{ id: other.id, status: "ready" }]);
  await engine.enqueue([newRun()], { ...request, hash: "h3" });
  expect(await count("run")).toBe(3);
});

test("a refused batch does not keep its keys", async () => {
  await expect(engine.enqueue([keyed("k", "h1", { priority: 9 })], request)).rejects.toMatchObject({ sqlstate: "23514" });
  await engine.enqueue([keyed("k", "h2")], { ...request, hash: "h2" });
  expect(await count("run")).toBe(1);
});

test("fresh runs with keys are stored like any others, and found by them; a copy that comes late is refused for its runs", async () => {
  const producer = runRepository(database.connect("producer"));
  const first = [keyed("k"), newRun(), keyed("l")];
  const given = ({ runs }: { readonly runs: readonly { readonly id: string }[] }) => runs.map(({ id }) => id);
  expect(given(await producer.enqueue({ fresh: true, runs: first }))).toEqual(first.map(({ id }) => id));
  const next = [keyed("l"), keyed("m"), keyed("m")];
  expect(given(await producer.enqueue({ fresh: true, runs: next }))).toEqual([first[2]!.id, next[1]!.id, next[1]!.id]);
  await expect(producer.enqueue({ fresh: true, runs: next })).rejects.toMatchObject({ sqlstate: "23505" });
  expect(given(await producer.enqueue({ runs: next }))).toEqual([first[2]!.id, next[1]!.id, next[1]!.id]);
  expect([await count("run"), await count("ready")]).toEqual([4, 4]);
});

test("20 callers at once with one key make one run", async () => {
  const answers = await Promise.all(Array.from({ length: 20 }, () => engine.enqueue([keyed("k")])));
  expect(new Set(answers.map(({ runs }) => runs[0]!.id)).size).toBe(1);
  expect(answers.filter(({ nudge }) => nudge)).toHaveLength(1);
  expect([await count("run"), await count("ready")]).toEqual([1, 1]);
});

test("20 copies at once of one keyed request make its runs once", async () => {
  const answers = await Promise.all(Array.from({ length: 20 }, () => engine.enqueue(newRuns(2), request)));
  expect(new Set(answers.map(({ runs }) => JSON.stringify(runs))).size).toBe(1);
  expect([await count("run"), await count("ready")]).toEqual([2, 2]);
});

test("a key is new again after 7 days, whether tick has forgotten it or not", async () => {
  const first = await engine.enqueue([keyed("k")], request);
  await database.advance("7 days -1 minute");
  expect((await engine.enqueue([keyed("k")], request)).runs).toEqual(first.runs);
  await database.advance("2 minutes");
  const inAWeek = new Date(Date.now() + 7 * 24 * 3_600_000);
  const second = await engine.enqueue([keyed("k", "h2", { at: inAWeek })], { ...request, hash: "h2" });
  expect(second.runs[0]!.id).not.toBe(first.runs[0]!.id);
  expect(await count("dedup")).toBe(2);
});

test("tick forgets keys after 7 days", async () => {
  await engine.enqueue([keyed("k")], request);
  await engine.tick();
  expect(await count("dedup")).toBe(2);
  await database.advance("7 days 1 minute");
  await engine.tick();
  expect(await count("dedup")).toBe(0);
});

test("a key stands until the last microsecond of its 7 days, for enqueue and for tick, and not a microsecond longer", async () => {
  const start = new Date("2026-03-04T05:06:07.890Z");
  const at = new Date(start.getTime() + 7 * 24 * 3_600_000);
  await database.setNow(start);
  const first = await engine.enqueue([keyed("k", "h1", { at: start })], request);
  await database.advance("7 days -1 microsecond");
  await engine.tick();
  expect(await count("dedup")).toBe(2);
  expect((await engine.enqueue([keyed("other", "h1", { at })], request)).runs).toEqual(first.runs);
  expect((await engine.enqueue([keyed("k", "h1", { at })])).runs).toEqual(first.runs);
  await database.advance("1 microsecond");
  await engine.tick();
  expect(await count("dedup")).toBe(0);
});

test("keys are forgotten as fast as they come, also between ticks: a month of keyed runs leaves no more than those of 7 days", async () => {
  const start = new Date("2026-03-04T05:06:07.890Z");
  for (let day = 0; day < 30; day++) {
    const at = new Date(start.getTime() + day * 24 * 3_600_000);
    await database.setNow(at);
    await engine.enqueue(Array.from({ length: 40 }, (_, n) => keyed(`${day}-${n}`, "h1", { at })));
  }
  expect(await count("dedup")).toBe(7 * 40);
});

test("single runs with keys forget what is over too, and those without keys leave it alone", async () => {
  const old =
    "insert into baton.dedup select 'w', 'run', n::text, 'h', '[]', baton.now() - interval '1 second' from generate_series(1, $1::int) as n";
  await database.query(old, [1_000]);
  for (let n = 0; n < 20; n++) await engine.enqueue(newRuns(50));
  expect(await count("dedup")).toBe(1_000);
  // One call in 32 forgets 64: that 2,000 of them forget less than 1,000 happens once in 10^10
  // times.
  await database.query(
    `do $$ begin for n in 1 .. 2000 loop perform baton.enqueue(jsonb_build_object('runs', jsonb_build_array(jsonb_build_object(
       'id', baton.new_id(), 'workflow', 'fulfil-order', 'version', 1, 'priority', 2, 'input', n, 'key', 'new ' || n, 'hash', 'h')))); end loop; end $$`,
  );
  expect(await count("dedup")).toBe(2_000);
});

for (const age of ["new", "expired"]) {
  test(`batches with ${age} keys in opposite orders do not wait for each other in a circle`, async () => {
    const keys = Array.from({ length: 500 }, (_, i) => `k${i}`);
    const at = new Date(Date.now() + (age === "expired" ? 8 * 24 * 3_600_000 : 0));
    if (age === "expired") {
      await engine.enqueue(keys.map((key) => keyed(key)));
      await database.setNow(at);
      // Else the first of the four would make this week's partitions, and the others would wait for
      // that.
      await database.query("select baton.ensure_partitions()");
    }
    const batch = (order: string[]) => engine.enqueue(order.map((key) => keyed(key, "h1", { at })));
    const answers = await Promise.all([keys, keys.toReversed(), keys, keys.toReversed()].map(batch));
    const ids = answers.map(({ runs }) =>
      runs
        .map(({ id }) => id)
        .toSorted()
        .join(),
    );
    expect(new Set(ids).size).toBe(1);
  });
}
