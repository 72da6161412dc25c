import { describe, expect, it } from "vitest";
import * as z from "zod";
import { createRegistry } from "../../../shared/domain/registry.ts";
import { sleepRow } from "../../../shared/domain/decide-fate.ts";
import { bytesOf, withFact, type RunWorkflow } from "../../../shared/domain/run.ts";
import { walk } from "../../../shared/domain/walk.ts";
import { defineWorkflow } from "../../../shared/domain/workflow.ts";
import type { Decision } from "../../../shared/domain/decision.ts";
import { again, final, outcome, Story } from "./story.ts";

const HOUR = 3_600_000;
const MINUTE = 60_000;
const video = defineWorkflow({ name: "video", version: 1, input: z.object({}) });
const Transcript = z.object({ words: z.int() });
const hand = () => undefined;
const retry = { maxAttempts: 2, backoff: "1 minute", jitter: "none" } as const;
const plain = video.callback("transcribe", { output: Transcript, timeout: "6 hours", retry }, hand).step("after", () => 1);
const beating = video.callback("transcribe", { output: Transcript, timeout: "6 hours", heartbeat: "10 minutes", retry }, hand);
const answer = "transcribe/~callback/00001";
const beat = "transcribe/~beat/00001";
const out = (attempt = 1) => outcome({ kind: "completed", output: null, below: `~begun/0000${attempt}` });

/** A round that first stores until when, and asks what has come. */
function begin(story: Story): Decision {
  const { sleeps } = story.round();
  return { ...story.hear().round(), sleeps };
}

/** A run whose first token is out. */
function waiting(workflow: RunWorkflow = plain): Story {
  const story = new Story(workflow, {});
  begin(story);
  story.round({ transcribe: out() });
  return story;
}

describe("a callback", () => {
  it("stores until when it waits, and then starts its handler with a token of that attempt", () => {
    const story = new Story(plain, {});
    const { sleeps, starts, fate } = begin(story);
    expect(sleeps).toEqual([{ path: "transcribe/~until/00001", position: 0, attempt: 0, durationMs: 6 * HOUR }]);
    expect(starts).toMatchObject([
      { path: "transcribe", attempt: 1, offer: { kind: "callback", path: "transcribe", attempt: 1, expires: story.now + 6 * HOUR } },
    ]);
    expect(fate).toMatchObject({ kind: "stay" });
    expect(story.sees("transcribe")).toEqual({ input: {} });
  });

  it("parks for its answer once the token is out", () => {
    const story = new Story(plain, {});
    begin(story);
    const { rows, fate, timedOut } = story.round({ transcribe: out() });
    expect(rows).toMatchObject([{ path: "transcribe/~begun/00001", attempt: 0, output: null }]);
    expect([fate, timedOut]).toEqual([{ kind: "park", delayMs: 6 * HOUR, names: [answer] }, []]);
  });

  it("has what it is completed with as its output, and goes on", () => {
    const { rows, consumed, starts } = waiting()
      .send(answer, { output: { words: 5 } })
      .pass(HOUR)
      .claim()
      .round();
    expect(rows).toMatchObject([{ path: "transcribe", attempt: 1, output: { words: 5 } }]);
    expect([consumed, starts.map(({ path }) => path)]).toEqual([[1], ["after"]]);
  });

  it("is completed by a value that its handler returns, unless an answer has come: that counts", () => {
    const story = new Story(plain, {});
    begin(story);
    const { rows, timedOut } = story.round({ transcribe: { words: 7 } });
    expect([rows, timedOut]).toMatchObject([[{ path: "transcribe", output: { words: 7 } }], [answer]]);
  });

  it("whose handler fails is tried again with another token, unless an answer has come", () => {
    const story = new Story(plain, {});
    begin(story);
    const failed = story.round({ transcribe: again });
    expect(failed).toMatchObject({ failures: [{ path: "transcribe", attempt: 1, delayMs: MINUTE }], timedOut: [answer] });
    const { sleeps, starts } = begin(story.pass(MINUTE).claim());
    expect([sleeps, starts]).toMatchObject([[{ path: "transcribe/~until/00002" }], [{ attempt: 2, offer: { attempt: 2 } }]]);
    expect(story.round({ transcribe: final }).fate).toMatchObject({ kind: "failed" });
  });

  it("lets an answer that comes while its handler runs wait for it", () => {
    const story = new Story(plain, {});
    begin(story);
    const early = story
      .send(answer, { output: { words: 5 } })
      .hear()
      .round();
    expect(early).toMatchObject({ rows: [], consumed: [], aborts: [] });
    expect(story.round({ transcribe: out() })).toMatchObject({ consumed: [1], starts: [{ path: "after" }] });
  });

  it("starts again with the same token after a crash of its poller", () => {
    const story = new Story(plain, {});
    begin(story);
    expect(story.pass(MINUTE).claim().round()).toMatchObject({ sleeps: [], starts: [{ attempt: 1, offer: { attempt: 1 } }] });
  });

  it.each([
    [{ error: { name: "OutOfMemory", message: "too long" }, retryable: true }, { name: "OutOfMemory", message: "too long" }, MINUTE],
    [{ error: { message: "no" }, retryable: false }, { name: "CallbackFailedError", message: "no" }, null],
    [{ output: { words: "five" } }, { name: "CallbackRefusedError" }, MINUTE],
  ])("that is answered with %o has failed", (body, error, delayMs) => {
    const { failures, consumed } = waiting().send(answer, body).claim().round();
    expect([failures, consumed]).toMatchObject([[{ path: "transcribe", attempt: 1, delayMs, error }], [1]]);
  });

  it("without an answer in time has failed, is tried again by policy, and by a redrive", () => {
    const story = waiting();
    const over = story
      .pass(6 * HOUR)
      .claim()
      .round();
    expect(over).toMatchObject({
      failures: [{ attempt: 1, delayMs: MINUTE, error: { name: "CallbackTimeoutError" } }],
      timedOut: [answer],
    });
    begin(story.pass(MINUTE).claim());
    story.round({ transcribe: out(2) });
    const last = story
      .pass(6 * HOUR)
      .claim()
      .round();
    expect(last).toMatchObject({ fate: { kind: "failed", error: { name: "CallbackTimeoutError" } } });
    expect(begin(story.redrive())).toMatchObject({ sleeps: [{ path: "transcribe/~until/00003" }], starts: [{ attempt: 3 }] });
  });

  it("asks what has come before its time is over", () => {
    const story = waiting();
    const asking = story
      .pass(6 * HOUR)
      .claim()
      .hear([])
      .round();
    expect(asking).toMatchObject({ failures: [], fate: { kind: "stay", asks: { names: [answer] } } });
    expect(
      story
        .send(answer, { output: { words: 1 } })
        .hear()
        .round(),
    ).toMatchObject({ consumed: [1] });
  });

  it("whose schema is asynchronous fails for good, and takes nothing away", () => {
    const later = video.callback("transcribe", { output: Transcript.refine(async () => true), timeout: "6 hours" }, hand);
    const answered = waiting(later)
      .send(answer, { output: { words: 1 } })
      .claim()
      .round();
    expect(answered).toMatchObject({ consumed: [], fate: { kind: "failed" } });
  });
});

describe("a callback with a heartbeat", () => {
  it("waits for a sign of life as long as that may take, from when the attempt began", () => {
    const story = new Story(beating, {});
    begin(story);
    expect(story.pass(MINUTE).round({ transcribe: out() }).fate).toEqual({ kind: "park", delayMs: 9 * MINUTE, names: [answer, beat] });
  });

  it("waits on from the last one, and is completed without it", () => {
    const story = waiting(beating);
    story.pass(9 * MINUTE).send(beat, { note: "half" });
    expect(story.pass(MINUTE).claim().round()).toMatchObject({ consumed: [], fate: { kind: "park", delayMs: 9 * MINUTE } });
    const done = story
      .send(answer, { output: { words: 5 } })
      .claim()
      .round();
    expect(done).toMatchObject({ consumed: expect.arrayContaining([1, 2]), fate: { kind: "done" } });
  });

  it("that does not come is a failed attempt, which takes the last one away", () => {
    const silent = waiting(beating)
      .pass(10 * MINUTE)
      .claim()
      .round();
    expect(silent).toMatchObject({
      failures: [{ attempt: 1, error: { name: "HeartbeatMissedError" } }],
      timedOut: [answer, beat],
      consumed: [],
    });
    const story = waiting(beating);
    story.pass(MINUTE).send(beat, { note: null });
    expect(
      story
        .pass(10 * MINUTE)
        .claim()
        .round(),
    ).toMatchObject({ failures: [{ error: { name: "HeartbeatMissedError" } }], consumed: [1] });
  });

  it("asks whether one came before it counts as missed, and lives no longer than the whole may take", () => {
    const story = waiting(beating);
    const asking = story
      .pass(10 * MINUTE)
      .claim()
      .hear([answer])
      .round();
    expect(asking).toMatchObject({ failures: [], fate: { kind: "stay", asks: { names: [answer, beat] } } });
    const near = waiting(beating);
    near.pass(6 * HOUR - MINUTE).send(beat, {});
    expect(near.claim().round().fate).toMatchObject({ kind: "park", delayMs: MINUTE });
    expect(near.pass(MINUTE).claim().round()).toMatchObject({ failures: [{ error: { name: "CallbackTimeoutError" } }], consumed: [1] });
  });
});

it("counts a deadline once that the database has told again", () => {
  const story = new Story(plain, {});
  begin(story);
  const told = withFact(story.run, "transcribe/~until/00001", sleepRow(story.now + 6 * HOUR));
  expect(bytesOf(told)).toBe(bytesOf(story.run));
});

describe("callbacks of several items", () => {
  it("are told apart by their paths", () => {
    const each = video.map("parts", { over: () => [1, 2] }, (chain) =>
      chain.callback("encode", { output: z.int(), timeout: "1 hour" }, hand),
    );
    const story = new Story(each, {});
    begin(story);
    const paths = ["parts/00000/encode", "parts/00001/encode"];
    expect(story.paths).toEqual(paths);
    const { fate } = story.round({ [paths[0]!]: out(), [paths[1]!]: out() });
    expect(fate).toMatchObject({ kind: "park", names: paths.map((path) => `${path}/~callback/00001`) });
    for (const [n, path] of paths.entries()) story.send(`${path}/~callback/00001`, { output: n });
    expect(story.claim().round()).toMatchObject({ consumed: [1, 2], fate: { kind: "done" } });
  });

  it("are of another shape where something else is stored below them", () => {
    const story = waiting();
    story.stored.outputs["transcribe/other"] = 1;
    expect(story.again().chain.stray).toBe("transcribe/other");
  });
});

describe("a callback that says", () => {
  const built =
    (options: object, handler: unknown = hand) =>
    () =>
      video.callback("transcribe", { output: Transcript, timeout: "1 hour", ...options } as never, handler as never);
  it.each([
    [{ timeout: undefined }, "it has no timeout"],
    [{ output: undefined }, "it has no output"],
    [{ heartbeat: "1 hour" }, "is none"],
    [{ heartbeat: "0 seconds" }, "is none"],
    [{ retries: 3 }, '"retries" is not an option'],
    [{ handlerTimeout: "0 seconds" }, "leaves no time"],
  ])("%o is refused", (options, sentence) => {
    expect(built(options)).toThrow(sentence);
  });

  it("nothing to do is refused", () => {
    expect(built({}, null)).toThrow("it has no handler");
  });

  it("what it waits for has its runs claimed with their mail", () => {
    expect(createRegistry([plain], { pollerTimeoutMs: 300_000 }).manifest()).toMatchObject([{ waits: true }]);
    expect(built({ handlerTimeout: "5 seconds" })().nodes[0]).toMatchObject({ timeoutMs: 5_000 });
  });
});

describe("what callbacks take", () => {
  const options = (output: z.ZodString) => ({ output, timeout: "1 hour" }) as const;
  const [one, two, three] = [z.string(), z.string(), z.string()];
  const names = new Map<unknown, string>([
    [Transcript, "Transcript"],
    ...[one, two, three].map((schema, n) => [schema, ["one", "two", "three"][n]!] as const),
  ]);
  const answersOf = ({ nodes }: RunWorkflow) =>
    nodes.map(({ answers = [] }) => Object.fromEntries([...answers].map(([below, schema]) => [below, names.get(schema)])));

  it("is known of the node itself, and of no other", () => {
    expect(answersOf(plain)).toEqual([{ "": "Transcript" }, {}]);
  });

  it("is known by the path of each in branches, arms, items and passes, also of those within another", () => {
    const nested = video
      .all("checks", {
        credit: (chain) => chain.callback("score", options(one), hand).step("note", () => 1),
        stock: (chain) => chain.sleep("nap", "1 hour"),
      })
      .choose("ship", () => "air", {
        air: (chain) =>
          chain.map("parcels", { over: () => [1] }, (item) =>
            item.callback("label", options(two), hand).callback("fly", options(one), hand),
          ),
        sea: (chain) => chain.callback("sail", options(three), hand),
      })
      .repeat("polls", { max: 2, until: () => true }, (pass) => pass.callback("look", options(three), hand));
    expect(answersOf(nested)).toEqual([
      { "/credit/score": "one" },
      { "/air/parcels/*/label": "two", "/air/parcels/*/fly": "one", "/sea/sail": "three" },
      { "/*/look": "three" },
    ]);
  });
});

describe("a walk", () => {
  it("completes a callback with what it is given, once its handler has handed out the token", async () => {
    const tokens: string[] = [];
    const walked = video.callback(
      "transcribe",
      { output: Transcript, timeout: "6 hours" },
      (_, { callback }) => void tokens.push(callback.token),
    );
    expect((await walk(walked, {}, { callbacks: { transcribe: { words: 5 } } })).output).toEqual({ words: 5 });
    expect(tokens).toHaveLength(1);
    await expect(walk(walked, {})).rejects.toThrow("was not completed within its timeout");
  });

  it("takes what a handler returns", async () => {
    const walked = video.callback("transcribe", { output: Transcript, timeout: "6 hours" }, () => ({ words: 7 }));
    expect((await walk(walked, {})).output).toEqual({ words: 7 });
  });
});
