import { describe, expect, it } from "vitest";
import * as z from "zod";
import { createRegistry } from "../../../shared/domain/registry.ts";
import { sleepRow } from "../../../shared/domain/decide-fate.ts";
import { bytesOf, stateOf, withFact } from "../../../shared/domain/run.ts";
import { walk } from "../../../shared/domain/walk.ts";
import { defineWorkflow } from "../../../shared/domain/workflow.ts";
import type { Decision } from "../../../shared/domain/decision.ts";
import { again, final, Story } from "./story.ts";

const DAY = 86_400_000;
const order = defineWorkflow({ name: "order", version: 1, input: z.object({}) });
const ask = () => undefined;
const choices = ["approve", "reject"] as const;
const signed = order
  .approval("sign-off", { choices, timeout: "3 days", ask, retry: { maxAttempts: 2, jitter: "none" } })
  .step("after", () => 1);
const asked = "sign-off/~asked/00000";
const name = "sign-off/~decision/00000";
const approve = { decision: "approve", by: "Ada", comment: null };

/** A round that first stores until when, and asks what has come. */
function begin(story: Story): Decision {
  const { sleeps } = story.round();
  return { ...story.hear().round(), sleeps };
}

/** A run whose links are out. */
function waiting(): Story {
  const story = new Story(signed, {});
  begin(story);
  story.round({ [asked]: null });
  return story;
}

describe("an approval", () => {
  it("stores until when it waits, and asks with a link for each choice until then", () => {
    const story = new Story(signed, {});
    const { sleeps, starts, fate } = begin(story);
    expect(sleeps).toEqual([{ path: "sign-off/~until/00000", position: 0, attempt: 0, durationMs: 3 * DAY }]);
    const offer = { kind: "approval", path: "sign-off", generation: 0, choices, expires: story.now + 3 * DAY };
    expect(starts).toMatchObject([{ path: asked, attempt: 1, offer }]);
    expect(fate).toMatchObject({ kind: "stay", asks: { names: [name] } });
    expect(story.sees(asked)).toEqual({ input: {} });
  });

  it("parks for the decision once it has asked", () => {
    const story = new Story(signed, {});
    begin(story);
    expect(story.round({ [asked]: null }).fate).toEqual({ kind: "park", delayMs: 3 * DAY, names: [name] });
  });

  it("has the decision as its output, with when it came, and goes on", () => {
    const story = waiting().send(name, approve).pass(DAY).claim();
    const at = new Date(story.now - DAY).toISOString();
    const { rows, consumed, starts } = story.round();
    expect(rows).toMatchObject([{ path: "sign-off", attempt: 1, output: { ...approve, at } }]);
    expect([consumed, starts.map(({ path }) => path)]).toEqual([[1], ["after"]]);
  });

  it("takes a decision that comes while it asks, and stops asking", () => {
    const story = new Story(signed, {});
    begin(story);
    const { rows, aborts } = story.send(name, approve).hear().round();
    expect([rows.map(({ path }) => path), aborts]).toEqual([["sign-off"], [asked]]);
    expect(story.round({ [asked]: final }).failures).toEqual([]);
  });

  it("takes a word away that is none of its choices, and waits on", () => {
    const { failures, consumed, fate } = waiting()
      .send(name, { ...approve, decision: "maybe" })
      .claim()
      .round();
    expect(failures).toMatchObject([{ path: "sign-off", attempt: 1, delayMs: 0 }]);
    expect([consumed, fate]).toMatchObject([[1], { kind: "park", names: [name] }]);
  });

  it("that nobody has decided in time has expired, which is an outcome of its own", () => {
    const story = waiting();
    const at = new Date(story.now + 3 * DAY).toISOString();
    const { rows, timedOut, starts } = story
      .pass(3 * DAY)
      .claim()
      .round();
    expect(rows).toMatchObject([{ path: "sign-off", output: { decision: "expired", by: null, at, comment: null } }]);
    expect([timedOut, starts.map(({ path }) => path)]).toEqual([[name], ["after"]]);
  });

  it("asks what has come before it expires in a lease", () => {
    const story = new Story(signed, {});
    begin(story);
    const asking = story.pass(3 * DAY).round();
    expect(asking).toMatchObject({ rows: [], timedOut: [], fate: { kind: "stay", asks: { names: [name] } } });
    expect(story.send(name, approve).hear().round().rows).toMatchObject([{ path: "sign-off", output: { decision: "approve" } }]);
  });

  it("asks again by policy, and fails where that is over; a redrive asks anew, with other links and as much time", () => {
    const story = new Story(signed, {});
    begin(story);
    const failed = story.round({ [asked]: again });
    expect(failed).toMatchObject({ failures: [{ path: asked, attempt: 1, delayMs: 1_000 }], fate: { kind: "stay" } });
    story.pass(1_000).round();
    expect(story.round({ [asked]: again })).toMatchObject({ fate: { kind: "failed" } });
    const { sleeps, starts } = begin(story.pass(DAY).redrive());
    expect(sleeps).toMatchObject([{ path: "sign-off/~until/00001", durationMs: 3 * DAY }]);
    expect(starts).toMatchObject([{ path: "sign-off/~asked/00001", attempt: 1, offer: { generation: 1, expires: story.now + 3 * DAY } }]);
    story.round({ "sign-off/~asked/00001": null });
    expect(story.send(name, approve).claim().round().fate).toMatchObject({ kind: "park", names: ["sign-off/~decision/00001"] });
    expect(story.send("sign-off/~decision/00001", approve).claim().round().starts).toMatchObject([{ path: "after" }]);
  });

  it("waits in vain no longer than its time while asking backs off", () => {
    const slow = order.approval("sign-off", {
      choices,
      timeout: "1 minute",
      ask,
      retry: { maxAttempts: 3, backoff: "1 hour", jitter: "none" },
    });
    const story = new Story(slow, {});
    begin(story);
    expect(story.round({ [asked]: again }).fate).toMatchObject({ kind: "park", delayMs: 60_000, names: [name] });
    expect(story.pass(60_000).claim().round()).toMatchObject({ rows: [{ output: { decision: "expired" } }], fate: { kind: "done" } });
  });

  it("computes how long from the state, and fails for good where that throws", () => {
    const computed = order.step("days", () => 2).approval("sign-off", { choices, ask, timeout: ({ days }) => `${days} days` });
    const story = new Story(computed, {});
    story.round();
    expect(story.round({ days: 2 }).sleeps).toMatchObject([{ durationMs: 2 * DAY }]);
    const broken = order.approval("sign-off", { choices, ask, timeout: () => "soon" as never });
    expect(new Story(broken, {}).round()).toMatchObject({ fate: { kind: "failed" } });
  });

  it("works inside of an item", () => {
    const each = order.map("papers", { over: () => [1] }, (chain) => chain.approval("sign-off", { choices, timeout: "1 day", ask }));
    const story = new Story(each, {});
    begin(story);
    const [path] = story.paths;
    expect(path).toBe("papers/00000/sign-off/~asked/00000");
    story.round({ [path!]: null });
    expect(story.send("papers/00000/sign-off/~decision/00000", approve).claim().round().fate).toEqual({ kind: "done" });
    expect(stateOf(story.run)["papers"]).toMatchObject([{ decision: "approve" }]);
  });

  it("counts a deadline once that the database has told again", () => {
    const { run, now } = waiting();
    expect(bytesOf(withFact(run, "sign-off/~until/00000", sleepRow(now + DAY)))).toBe(bytesOf(run));
  });

  it("is of another shape where something else is stored below it", () => {
    const story = waiting();
    story.stored.outputs["sign-off/other"] = 1;
    expect(story.again().chain.stray).toBe("sign-off/other");
  });
});

describe("an approval that says", () => {
  const built = (options: object) => () => order.approval("sign-off", { choices, timeout: "1 day", ask, ...options } as never);
  it.each([
    [{ ask: undefined }, "it asks nobody"],
    [{ timeout: undefined }, "it has no timeout"],
    [{ choices: [] }, "it needs 1 to 10 different choices"],
    [{ choices: ["a", "a"] }, "it needs 1 to 10 different choices"],
    [{ choices: undefined }, "it needs 1 to 10 different choices"],
    [{ choices: ["Yes!"] }, "has no name that can be stored"],
    [{ choices: ["expired"] }, "take another word"],
    [{ remind: "1 day" }, '"remind" is not an option'],
    [{ timeout: "soon" }, "soon"],
  ])("%o is refused", (options, sentence) => {
    expect(built(options)).toThrow(sentence);
  });

  it("what it waits for has its runs claimed with their mail, and its choices in their shape", () => {
    expect(createRegistry([signed], { pollerTimeoutMs: 300_000 }).manifest()).toMatchObject([
      { waits: true, shape: expect.stringContaining("approval:sign-off(approve,reject)") },
    ]);
  });
});

describe("a walk", () => {
  const mailing = order.approval("sign-off", {
    choices,
    timeout: "3 days",
    ask: (_, { links, deadline }) => void sent.push({ ...links, deadline }),
  });
  const sent: object[] = [];

  it("makes the choice that it is given, once it was asked", async () => {
    const { output } = await walk(mailing, {}, { approvals: { "sign-off": "reject" } });
    expect(output).toMatchObject({ decision: "reject", by: null });
    expect(sent).toEqual([
      { approve: expect.stringContaining("approve"), reject: expect.stringContaining("reject"), deadline: "1970-01-04T00:00:00.000Z" },
    ]);
  });

  it("lets an approval expire of which nothing is said", async () => {
    expect((await walk(mailing, {})).output).toEqual({ decision: "expired", by: null, at: "1970-01-04T00:00:00.000Z", comment: null });
  });
});
