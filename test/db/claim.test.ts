import { randomUUID } from "node:crypto";
import { expect, test } from "vitest";
import { createTestDatabase } from "../support/database.ts";
import { checkAfterEach, engineOf, leaseOf, newRun, newRuns, placesOf } from "../support/engine-calls.ts";

const database = await createTestDatabase();
const engine = engineOf(database);
// The endpoint plays the faults.
const overNeon = engineOf(database, "neon");
checkAfterEach(database);

const idsOf = ({ runs }: { readonly runs: readonly { readonly id: string }[] }) => runs.map(({ id }) => id);
const leases = async () => Number((await database.query("select count(*) from baton.lease"))[0]!["count"]);

test("a claim takes the oldest runs first, up to its limit, each with its input", async () => {
  const runs = Array.from({ length: 5 }, (_, i) => newRun({ input: { i } }));
  await engine.enqueue(runs);
  const first = await engine.claim({ max: 3 });
  expect(first.runs).toEqual(
    runs.slice(0, 3).map(({ id, workflow, version, input }, place) => {
      return {
        id,
        place,
        workflow,
        version,
        input,
        outputs: null,
        failures: null,
        forgiven: null,
        asleep: null,
        backing_off: null,
        fatal: null,
        mail: null,
        family: null,
        redrives: null,
      };
    }),
  );
  expect(first).toMatchObject({ round: 0, due_in_ms: 0, suspects: false, stopped: [] });
  const second = await engine.claim({ max: 3 });
  expect(idsOf(second)).toEqual(idsOf({ runs: runs.slice(3) }));
  expect(second.due_in_ms).toBeNull();
});

test("nothing due makes no lease and says when something will be", async () => {
  expect(await engine.claim()).toMatchObject({ runs: [], due_in_ms: null });
  await database.setNow(new Date());
  await engine.enqueue([newRun({ delay_ms: 2_500 })]);
  expect(await engine.claim()).toMatchObject({ runs: [], due_in_ms: 2_501 });
  await database.advance("3 seconds");
  expect((await engine.claim()).runs).toHaveLength(1);
  expect(await leases()).toBe(1);
});

test("priorities are strict, but one place in eight goes to another with work", async () => {
  const [lowest, highest] = [newRuns(200, { priority: 3 }), newRuns(200, { priority: 0 })];
  await engine.enqueue([...lowest, ...highest]);
  const { runs } = await engine.claim({ max: 80 });
  expect(idsOf({ runs: runs.slice(0, 10) })).toEqual(idsOf({ runs: lowest.slice(0, 10) }));
  expect(idsOf({ runs: runs.slice(10) })).toEqual(idsOf({ runs: highest.slice(0, 70) }));
});

test("under a flood of the highest priority each of the others gets its turn", async () => {
  const others = [1, 2, 3].flatMap((priority) => newRuns(60, { priority }));
  await engine.enqueue([...others, ...newRuns(420, { priority: 0 })]);
  const priorities = new Map(others.map(({ id, priority }) => [id, priority]));
  const taken = [0, 0, 0, 0];
  for (let i = 0; i < 60; i++) {
    for (const { id } of (await engine.claim({ max: 8 })).runs) taken[priorities.get(id) ?? 0]!++;
  }
  expect(taken[0]).toBe(420);
  // One of three at random, 60 times: one is met not even once less than once in a thousand
  // million.
  for (const priority of [1, 2, 3]) expect([priority, taken[priority]! > 0]).toEqual([priority, true]);
});

test("claims of one place starve nobody: the lowest priority gets about one in eight", async () => {
  await engine.enqueue([...newRuns(100, { priority: 3 }), ...newRuns(300, { priority: 0 })]);
  let lowest = 0;
  for (let i = 0; i < 160; i++) {
    const [run] = (await engine.claim({ max: 1 })).runs;
    lowest += Number((await database.query("select priority = 3 as lowest from baton.run where id = $1", [run!.id]))[0]!["lowest"]);
  }
  // Binomial with p = 1/8: outside these bounds less than once in a million.
  expect(lowest).toBeGreaterThan(2);
  expect(lowest).toBeLessThan(45);
});

test("a claim fills up from lower priorities when the higher are empty", async () => {
  await engine.enqueue([newRun({ priority: 0 }), newRun({ priority: 1 }), newRun({ priority: 2 }), newRun({ priority: 3 })]);
  expect((await engine.claim({ max: 4 })).runs).toHaveLength(4);
});

test("a claim is bounded in bytes of input and outputs, and always takes the first run", async () => {
  const runs = newRuns(5, { input: { text: "x".repeat(1_000) } });
  await engine.enqueue(runs);
  expect(idsOf(await engine.claim({ max_bytes: 3_500 }))).toEqual(idsOf({ runs: runs.slice(0, 3) }));
  expect(idsOf(await engine.claim({ max_bytes: 1 }))).toEqual([runs[3]!.id]);
});

test("the bytes are those of all priorities together, and what did not fit is above low", async () => {
  const text = "x".repeat(1_000);
  await engine.enqueue([0, 0, 1, 1, 2, 2].map((priority) => newRun({ priority, input: { text } })));
  await database.advance("1 minute");
  const { runs, low } = await engine.claim({ max: 7, max_bytes: 3_500 });
  expect(runs).toHaveLength(3);
  expect((await engine.claim({ max: 7, low })).runs).toHaveLength(3);
});

for (const fault of [{ kind: "drop-after" }, { kind: "garble" }, { kind: "status-after", status: 507 }] as const) {
  test(`a claim whose answer is lost (${fault.kind}) gives the same lease when it is sent again`, async () => {
    await overNeon.enqueue(newRuns(5));
    const token = randomUUID();
    database.neon.inject(() => fault);
    await expect(overNeon.claim({ max: 3 }, token)).rejects.toMatchObject({ name: "DatabaseUnknownOutcomeError" });
    database.neon.inject(undefined);
    const again = await overNeon.claim({ max: 3 }, token);
    expect(again.runs.map(({ place }) => place)).toEqual([0, 1, 2]);
    expect((await overNeon.claim({ max: 3 }, token)).runs).toEqual(again.runs);
    expect(await leases()).toBe(1);
  });
}

test("two copies of one claim at once make one lease and get the same runs", async () => {
  await engine.enqueue(newRuns(40));
  for (let i = 0; i < 5; i++) {
    const token = randomUUID();
    const [one, other] = await Promise.all([engine.claim({ max: 4 }, token), engine.claim({ max: 4 }, token)]);
    expect(one.runs).toEqual(other.runs);
    expect(one.runs).toHaveLength(4);
  }
  expect(await leases()).toBe(5);
});

for (const driver of ["neon", "pg"] as const) {
  test(`8 pollers at once share out 500 runs and never the same one, through ${driver}`, async () => {
    const { claim } = engineOf(database, driver);
    const runs = newRuns(500);
    await engine.enqueue(runs);
    const got: string[] = [];
    const poller = async () => {
      for (;;) {
        const ids = idsOf(await claim({ max: 7 }));
        if (ids.length === 0) return;
        got.push(...ids);
      }
    };
    await Promise.all(Array.from({ length: 8 }, poller));
    // Whoever found all rows in the hands of others stopped early; what is left is for the next.
    await poller();
    expect(got.toSorted()).toEqual(idsOf({ runs }));
  });
}

test("a member of a lease is in no other place", async () => {
  const { runs } = await leaseOf(engine, 2);
  expect(await placesOf(database, runs[1]!.id)).toEqual(["lease"]);
  expect(await engine.findRun(runs[1]!.id)).toMatchObject({ status: "running", run_at: null });
});

test("a run whose cancellation came before its claim is cancelled by the claim", async () => {
  const [first, second] = newRuns(2);
  await engine.enqueue([first!, second!]);
  await database.query("insert into baton.control (run_id, kind, at) values ($1, 'cancel', now())", [first!.id]);
  const { runs, stopped } = await engine.claim();
  expect([idsOf({ runs }), stopped]).toEqual([[second!.id], [first!.id]]);
  expect(await placesOf(database, first!.id)).toEqual(["cancelled"]);
  expect(await database.query("select from baton.control")).toEqual([]);
});

test("a claim of which every run is cancelled makes no lease", async () => {
  const [run] = newRuns(1);
  await engine.enqueue([run!]);
  await database.query("insert into baton.control (run_id, kind, at) values ($1, 'cancel', now())", [run!.id]);
  expect(await engine.claim()).toMatchObject({ runs: [], stopped: [run!.id] });
  expect(await leases()).toBe(0);
});

test("runs come in the order of their priorities and times, whatever their ids", async () => {
  const late = newRuns(3, { priority: 2 });
  const urgent = newRuns(2, { priority: 0 });
  await engine.enqueue(late.toReversed());
  await engine.enqueue(urgent);
  const { runs, token } = await engine.claim({ max: 5 });
  // One place in eight goes to a lower priority, so one of them may come first.
  const ids = runs.map(({ id }) => id).filter((id) => id !== late[2]!.id);
  expect(ids).toEqual([...urgent, ...late.slice(0, 2).toReversed()].map(({ id }) => id));
  expect(runs.map(({ place }) => place)).toEqual([0, 1, 2, 3, 4]);
  await engine.release(token);
});

test("a claim or a round of an older protocol is refused before anything is taken", async () => {
  await engine.enqueue(newRuns(1));
  await expect(database.query('select baton.claim(gen_random_uuid(), \'{"ttl_ms": 1000, "max": 1}\')')).rejects.toMatchObject({
    code: "BT030",
  });
  const { token, runs } = await engine.claim();
  const old = JSON.stringify({ ttl_ms: 1_000, done: [{ place: 0, run: runs[0]!.id }] });
  await expect(database.query("select baton.advance($1, 1, $2)", [token, old])).rejects.toMatchObject({ code: "BT030" });
  await engine.release(token);
  expect(await placesOf(database, runs[0]!.id)).toEqual(["ready"]);
});

test("runs that fill the bytes of a claim to the last fit", async () => {
  await engine.enqueue(newRuns(3));
  const rows = await database.query("select sum(bytes)::int as bytes from (select bytes from baton.ready limit 2) as two");
  expect((await engine.claim({ max_bytes: Number(rows[0]!["bytes"]) })).runs).toHaveLength(2);
});
