import { expect, test } from "vitest";
import { DatabaseBusyError, DatabaseUnknownOutcomeError } from "../../shared/domain/database-errors.ts";
import type { Poller } from "../../shared/engine/poller.ts";
import { settle, UnsettledError } from "../../shared/engine/settle.ts";

const silent = { debug() {}, info() {}, warn() {}, error() {} };
const deadlock = () => new DatabaseBusyError("deadlock detected", { sqlstate: "40P01" });
const unknown = () => new DatabaseUnknownOutcomeError("no answer", {});

/** A call that ends in these errors one after the other, and the poller that makes it until they are used up. */
function failing(errors: readonly Error[]) {
  let made = 0;
  const poller = {
    clock: { now: () => 0, after: (_: number, callback: () => void) => (queueMicrotask(callback), () => {}) },
    logger: silent,
    random: () => 0,
    remainingMs: () => (made < errors.length ? 60_000 : 0),
  } as unknown as Poller;
  const call = () => (made < errors.length ? Promise.reject(errors[made++]!) : Promise.resolve("answer"));
  return { poller, call, made: () => made };
}

test("five deadlocks in a row are a refusal, four are not", async () => {
  const five = failing(Array.from({ length: 6 }, deadlock));
  expect(await settle(five.poller, five.call, { busyTries: 5 })).toMatchObject({ refused: { sqlstate: "40P01" } });
  expect(five.made()).toBe(5);
  const four = failing([...Array.from({ length: 4 }, deadlock), new DatabaseBusyError("away", {})]);
  await expect(settle(four.poller, four.call, { busyTries: 5 })).rejects.toThrow(UnsettledError);
});

test("deadlocks after an unknown outcome are no refusal: the first try may have been applied", async () => {
  const { poller, call, made } = failing([unknown(), ...Array.from({ length: 8 }, deadlock)]);
  await expect(settle(poller, call, { busyTries: 5 })).rejects.toThrow(UnsettledError);
  expect(made()).toBe(9);
});
