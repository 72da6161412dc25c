import { afterEach, beforeEach, expect, test } from "vitest";
import { guardProcess } from "../../shared/lambda/guard-process.ts";
import { createPoller } from "../support/poller.ts";

const events = ["uncaughtException", "unhandledRejection"] as const;
const exitOf = () => Object.getOwnPropertyDescriptor(process, "exit")!;
const listeners = (): unknown[] => [exitOf().value, ...events.flatMap((event) => process.rawListeners(event))];
const once = () => undefined;
beforeEach(() => void process.once("uncaughtException", once));
afterEach(() => void process.off("uncaughtException", once));

const poller = createPoller({} as never, []);

test("the listeners of others, and process.exit, are theirs again after the invocation, also after one that throws", async () => {
  const before = listeners();
  const during = await guardProcess(poller, async () => listeners());
  expect(during).toHaveLength(3);
  expect(before.filter((one) => during.includes(one))).toEqual([]);
  expect(listeners()).toEqual(before);
  await expect(guardProcess(poller, () => Promise.reject(new RangeError("refused")))).rejects.toThrow("refused");
  expect(listeners()).toEqual(before);
});

test("of two invocations at once the last one to end brings them back", async () => {
  const before = listeners();
  let end = () => {};
  const first = guardProcess(poller, () => new Promise<void>((resolve) => (end = resolve)));
  await guardProcess(poller, async () => undefined);
  expect(listeners()).not.toEqual(before);
  end();
  await first;
  expect(listeners()).toEqual(before);
});

test("process.exit outside of any step ends the invocation first, and then the process", async () => {
  const exit = exitOf();
  const codes: unknown[] = [];
  Object.defineProperty(process, "exit", { ...exit, value: (code: unknown) => void codes.push(code) });
  try {
    const left: number[] = [];
    const polling = guardProcess(poller, async ({ remainingMs }) => {
      left.push(remainingMs());
      expect(() => process.exit(7)).toThrow("Code outside of any step called process.exit(7): throw an error instead.");
      expect(codes).toEqual([]);
      left.push(remainingMs());
    });
    await expect(polling).rejects.toMatchObject({ name: "ProcessExitError", code: 7 });
    expect(codes).toEqual([7]);
    expect(left).toEqual([300_000, 4_000]);
  } finally {
    Object.defineProperty(process, "exit", exit);
  }
});
