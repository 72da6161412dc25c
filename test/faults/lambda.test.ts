import { expect, test } from "vitest";
import { deployPollers, expectDone, reportOf, type Scene, stored, tick } from "../support/lambda/pollers.ts";
import { until } from "../support/until.ts";

const setScene = await deployPollers();

/**
 * An instance in the middle of the first step of one run. The database's clock stands, so that no
 * lease ends before the test says so.
 */
async function inTheMiddle(scene: Scene) {
  const { database, outside, start } = scene;
  const [id] = await scene.enqueue(1);
  // By then the run is due.
  await database.setNow(new Date(Date.now() + 1_000));
  const instance = await start();
  outside.hold();
  const invoked = instance.invoke(tick);
  await until("its step calls", () => outside.calls.length === 1);
  return { id: id!, instance, invoked };
}

/** The database's clock runs again, when the lease is over. */
async function endLease({ database }: Scene): Promise<void> {
  await database.setNow(null);
  await database.advance("40 seconds");
}

/** Another instance takes over what one has left, once the lease is over. */
async function takeOver(scene: Scene): Promise<number> {
  const { outside, start } = scene;
  outside.answerAfter(0);
  const other = await start();
  const early = reportOf(await other.invoke(tick));
  expect(early).toMatchObject({ leases: 0, crashed: 0, leaseExpiresInMs: expect.any(Number) });
  expect(outside.calls).toHaveLength(1);
  await endLease(scene);
  expect(reportOf(await other.invoke(tick))).toMatchObject({ leases: 1, crashed: 1, leaseExpiresInMs: null });
  return other.pid;
}

test("a poller that is killed in the middle of a step loses nothing: another repeats the step with its key, and stores it once", async () => {
  await using scene = await setScene();
  const { id, instance, invoked } = await inTheMiddle(scene);
  await instance.kill();
  expect(await invoked).toMatchObject({ error: { errorType: "Runtime.ExitError" } });
  const pid = await takeOver(scene);
  const calls = scene.outside.calls.map(({ key, attempt, pid }) => ({ key, attempt, pid }));
  expect(calls).toEqual([
    { key: `${id}/first`, attempt: 1, pid: instance.pid },
    { key: `${id}/first`, attempt: 1, pid },
    { key: `${id}/second`, attempt: 1, pid },
  ]);
  await expectDone(scene, [id]);
});

test("an invocation that the function's timeout ends in the middle of a step is no different", async () => {
  await using scene = await setScene();
  const { id, instance, invoked } = await inTheMiddle(scene);
  await instance.timeOut();
  expect(await invoked).toMatchObject({
    error: { errorType: "Sandbox.Timedout", errorMessage: expect.stringMatching(/ Task timed out after 300\.00 seconds$/) },
  });
  await takeOver(scene);
  await expectDone(scene, [id]);
});

test("a poller that was frozen in the middle of a step, and thaws when another has finished its run, writes nothing", async () => {
  await using scene = await setScene();
  const { id, instance, invoked } = await inTheMiddle(scene);
  instance.freeze();
  await takeOver(scene);
  const theirs = await stored(scene);
  const [late] = scene.outside.calls;
  late!.answer();
  instance.thaw();
  expect(reportOf(await invoked)).toMatchObject({ crashed: 0 });
  await until("it has said why", () => instance.log.includes("the lease was taken over"));
  expect(await stored(scene)).toBe(theirs);
  expect(theirs).not.toContain(late!.nonce);
  await expectDone(scene, [id]);
});

test("a poller that thaws while another is at its run does not disturb it, and takes other runs again", async () => {
  await using scene = await setScene();
  const { database, outside, start } = scene;
  const { id, instance, invoked } = await inTheMiddle(scene);
  instance.freeze();
  await endLease(scene);
  const other = await start();
  const others = other.invoke(tick);
  await until("the other's step calls", () => outside.calls.length === 2);
  outside.calls[0]!.answer();
  instance.thaw();
  reportOf(await invoked);
  expect(await database.query("select * from baton.checkpoint")).toEqual([]);
  outside.answerAfter(0);
  const [next] = await scene.enqueue(1);
  reportOf(await instance.invoke(tick));
  expect(outside.calls.slice(2).map(({ key, pid }) => ({ key, pid }))).toEqual([
    { key: `${next}/first`, pid: instance.pid },
    { key: `${next}/second`, pid: instance.pid },
  ]);
  outside.calls[1]!.answer();
  reportOf(await others);
  await expectDone(scene, [id, next!]);
});

/**
 * Freezes an instance while a call of its is on its way; the call is applied, or never heard of.
 */
async function frozenIn(scene: Scene, call: "claim" | "advance", fate: "applied" | "unheard") {
  const { database, start } = scene;
  const [id] = await scene.enqueue(1);
  const instance = await start();
  let frozen = false;
  database.neon.inject(({ text }) => {
    if (frozen || !text.includes(`baton.${call}(`)) return undefined;
    instance.freeze();
    frozen = true;
    return fate === "unheard" ? { kind: "hang" } : undefined;
  });
  const invoked = instance.invoke(tick);
  await until("its call is on its way", () => frozen);
  await database.neon.idle();
  return { id: id!, instance, invoked };
}

/** How often each step called. */
const callsOf = ({ outside }: Scene) => {
  const count = (name: string) => outside.calls.filter(({ step }) => step === name).length;
  return { first: count("first"), second: count("second") };
};

test.each([
  ["claim", "unheard", { first: 1, second: 1 }],
  ["claim", "applied", { first: 1, second: 1 }],
  ["advance", "unheard", { first: 2, second: 1 }],
  ["advance", "applied", { first: 1, second: 1 }],
] as const)("a poller that is killed while its %s is on its way, %s, loses nothing", async (call, fate, calls) => {
  await using scene = await setScene();
  const { id, instance } = await frozenIn(scene, call, fate);
  await instance.kill();
  await scene.database.advance("31 seconds");
  reportOf(await (await scene.start()).invoke(tick));
  await expectDone(scene, [id]);
  expect(callsOf(scene)).toEqual(calls);
});

test.each([
  ["claim", { first: 2, second: 1 }],
  ["advance", { first: 1, second: 2 }],
] as const)(
  "a poller that reads the answer to its %s when another has finished the run makes one call too many, and writes nothing",
  async (call, calls) => {
    await using scene = await setScene();
    const { id, instance, invoked } = await frozenIn(scene, call, "applied");
    await scene.database.advance("31 seconds");
    reportOf(await (await scene.start()).invoke(tick));
    const theirs = await stored(scene);
    instance.thaw();
    reportOf(await invoked);
    expect(await stored(scene)).toBe(theirs);
    expect(callsOf(scene)).toEqual(calls);
    await expectDone(scene, [id]);
  },
);
