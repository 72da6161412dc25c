import { describe, expect, test } from "vitest";
import { hintText, idleSince, isOpen, mayRest, mayStayAsleep, readHint } from "../../shared/domain/wake-hint.ts";

const MINUTE = 60_000;
const at = { now: 100 * MINUTE, aheadMs: 15_000, knows: "a" };
const hint = { wakeAt: null, saidAt: 99 * MINUTE, knows: "a" };

describe("a schedule's poller", () => {
  test.each([
    ["rests when nothing is due", {}, true],
    ["rests until what is due later", { wakeAt: 100 * MINUTE + 15_001 }, true],
    ["polls for what it would linger for", { wakeAt: 100 * MINUTE + 15_000 }, false],
    ["polls for what is due", { wakeAt: 99 * MINUTE }, false],
    ["rests up to an hour after the last look", { saidAt: 40 * MINUTE + 1 }, true],
    ["polls an hour after the last look", { saidAt: 40 * MINUTE }, false],
    ["polls when the hint is from the future: somebody's clock is wrong", { saidAt: 100 * MINUTE + 1 }, false],
    ["polls after another code's hint: that one may have blocked what this one knows", { knows: "b" }, false],
  ])("%s", (_what, facts, rests) => {
    expect(mayRest({ ...hint, ...facts }, at)).toBe(rests);
  });
});

test("a gate is open for every process once the time of its hint has come", () => {
  expect(isOpen({ ...hint, wakeAt: 5, knows: "other" }, 5)).toBe(true);
  expect(isOpen({ ...hint, wakeAt: 6 }, 5)).toBe(false);
  expect(isOpen(hint, 5)).toBe(false);
});

test("a hint is read as it was written, to the millisecond", () => {
  for (const wakeAt of [null, 1_795_588_839_123]) expect(readHint(hintText({ ...hint, wakeAt }))).toEqual({ ...hint, wakeAt });
  expect(hintText({ ...hint, wakeAt: 0 })).toBe('{"wakeAt":"1970-01-01T00:00:00.000Z","saidAt":"1970-01-01T01:39:00.000Z","knows":"a"}');
});

test.each([
  "",
  "null",
  "7",
  "later",
  "{}",
  '{"wakeAt":null}',
  '{"wakeAt":5,"saidAt":"2026-01-01T00:00:00Z","knows":"a"}',
  '{"wakeAt":"soon","saidAt":"2026-01-01T00:00:00Z","knows":"a"}',
  '{"wakeAt":null,"saidAt":"2026-01-01T00:00:00Z"}',
])("%j is no hint", (text) => {
  expect(readHint(text)).toBeUndefined();
});

describe("a day's maintenance", () => {
  const tuesday = Date.parse("2026-12-01T03:00:00Z");
  const DAY = 1_440 * MINUTE;
  const idle = { ...hint, saidAt: tuesday - 30 * MINUTE, idleSince: tuesday - 2 * DAY };

  test.each([
    ["leaves a database asleep where nothing happened for longer than a day", {}, tuesday, true],
    [
      "goes on where something happened since the last one, which may have been an hour late",
      { idleSince: tuesday - 25 * 60 * MINUTE },
      tuesday,
      false,
    ],
    ["goes on where somebody has opened the gate", { idleSince: undefined }, tuesday, false],
    ["goes on where no poller has said anything for a day", { saidAt: tuesday - DAY }, tuesday, false],
    ["goes on where the hint is from the future", { saidAt: tuesday + 1 }, tuesday, false],
    ["goes on every Monday, however idle", { saidAt: tuesday - DAY }, tuesday - DAY + 1, false],
  ])("%s", (_what, facts, now, sleeps) => {
    expect(mayStayAsleep({ ...idle, ...facts }, now)).toBe(sleeps);
  });

  test("a service is idle since the first look that found nothing, until one finds work or a due time comes", () => {
    const before = { ...hint, idleSince: 50 * MINUTE };
    expect(idleSince(before, { now: 100 * MINUTE, worked: false })).toBe(50 * MINUTE);
    expect(idleSince(before, { now: 100 * MINUTE, worked: true })).toBe(100 * MINUTE);
    expect(idleSince({ ...before, wakeAt: 100 * MINUTE }, { now: 100 * MINUTE, worked: false })).toBe(100 * MINUTE);
    expect(idleSince(hint, { now: 100 * MINUTE, worked: false })).toBe(100 * MINUTE);
    expect(idleSince(undefined, { now: 100 * MINUTE, worked: false })).toBe(100 * MINUTE);
  });

  test("since when a service is idle is read as it was written", () => {
    expect(readHint(hintText(idle))).toEqual(idle);
    expect(readHint(hintText(idle).replace(/"idleSince":"[^"]*"/, '"idleSince":"long"'))).toBeUndefined();
  });
});
