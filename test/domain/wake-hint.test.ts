import { describe, expect, test } from "vitest";
import { hintText, isOpen, mayRest, readHint } from "../../shared/domain/wake-hint.ts";

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
