import { expect, test } from "vitest";
import { systemClock } from "../../shared/engine/ports.ts";

test("the clock does not call at once what is a month ahead, as a wait that lies beside a step is", async () => {
  let called = 0;
  const stop = systemClock.after(30 * 24 * 3_600_000, () => called++);
  // Timers fire in their order.
  await new Promise<void>((resolve) => void systemClock.after(20, resolve));
  stop();
  expect(called).toBe(0);
});
