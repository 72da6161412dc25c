import { expect, test } from "vitest";
import {
  DatabaseBusyError,
  DatabaseRefusedError,
  DatabaseUnknownOutcomeError,
  OlderSchemaError,
} from "../../shared/domain/database-errors.ts";
import type { Poller } from "../../shared/engine/poll/poller.ts";
import { settle, UnsettledError } from "../../shared/engine/poll/settle.ts";

const silent = { debug() {}, info() {}, warn() {}, error() {} };
const deadlock = () => new DatabaseBusyError("deadlock detected", { sqlstate: "40P01" });
const unknown = () => new DatabaseUnknownOutcomeError("no answer", {});

/**
 * A call that ends in these errors one after the other, and the poller that makes it until they are
 * used up.
 */
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

const mute: [what: string, refused: Error][] = [
  ["a proxy that answers 401", new DatabaseRefusedError("Server error (HTTP status 401): no", {})],
  ["a request that the proxy calls too large", new DatabaseRefusedError("Server error (HTTP status 413): large", { sqlstate: "54000" })],
  ["a wrong password", new DatabaseRefusedError("password authentication failed", { sqlstate: "28P01" })],
  [
    "a right that was taken away",
    new DatabaseRefusedError("permission denied for function advance", { sqlstate: "42501", rolledBack: true }),
  ],
  ["a function that is missing", new OlderSchemaError("older", { sqlstate: "42883", rolledBack: true })],
];

test.each(mute)("%s is a refusal, but not after an unknown outcome: the first try may have been applied", async (_, refused) => {
  const first = failing(Array.from({ length: 9 }, () => refused));
  expect(await settle(first.poller, first.call)).toEqual({ refused });
  const later = failing([unknown(), ...Array.from({ length: 9 }, () => refused)]);
  await expect(settle(later.poller, later.call)).rejects.toThrow(UnsettledError);
  expect(later.made()).toBe(10);
});

test("what the call itself raises is a refusal after an unknown outcome too: the first try would have answered", async () => {
  const refused = new DatabaseRefusedError("too long", { sqlstate: "22001", rolledBack: true });
  const { poller, call } = failing([unknown(), refused]);
  expect(await settle(poller, call)).toEqual({ refused });
});

test("refusals that say nothing of the call are asked again for no longer than unknown outcomes", async () => {
  const { poller, call, made } = failing([unknown(), ...Array.from({ length: 60 }, () => mute[0]![1])]);
  await expect(settle(poller, call, { unknownMs: 0 })).rejects.toMatchObject({ name: "UnsettledError", outOfTime: false });
  expect(made()).toBe(20);
});
