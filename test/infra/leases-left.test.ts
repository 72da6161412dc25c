import { expect, test } from "vitest";
import { wakeAtExpiry } from "../../infra/local/start/leases-left.ts";
import type { TickAnswer } from "../../shared/domain/protocol.ts";

/** A database whose ticks give these answers, one after the other. */
function ticks(answers: readonly Pick<TickAnswer, "crashed" | "lease_expires_in_ms">[]) {
  let asked = 0;
  const tick = async (): Promise<TickAnswer> => ({
    stopped: 0,
    low: {},
    oldest_ms: 0,
    poisoned: 0,
    due_in_ms: null,
    suspects: false,
    ...answers[asked++]!,
  });
  return { tick, asked: () => asked };
}

test("the poller is woken at each expiry of a lease that was left, until none is", async () => {
  let woken = 0;
  const { tick, asked } = ticks([
    { crashed: 0, lease_expires_in_ms: 5 },
    { crashed: 1, lease_expires_in_ms: 5 },
    { crashed: 2, lease_expires_in_ms: null },
  ]);
  await wakeAtExpiry(tick, () => woken++);
  expect([asked(), woken]).toEqual([3, 2]);
});

test("leases of pollers that are at work do not keep it asking", async () => {
  let now = 0;
  const { tick, asked } = ticks([
    { crashed: 0, lease_expires_in_ms: 1 },
    { crashed: 0, lease_expires_in_ms: 30_000 },
  ]);
  const clock = () => (now += 2_000);
  await wakeAtExpiry(tick, () => undefined, clock);
  expect(asked()).toBe(2);
});
