import { describe, expect, it, vi } from "vitest";
import * as z from "zod";
import type { Json } from "../../../shared/domain/json.ts";
import type { HandlerNode, Memory } from "../../../shared/domain/node.ts";
import type { ScriptContext, ScriptStep } from "../../../shared/domain/nodes/script.ts";
import { bytesOf, createRun, unknownPath, withFact } from "../../../shared/domain/run.ts";
import { NonRetryableError } from "../../../shared/domain/errors.ts";
import { walk } from "../../../shared/domain/walk.ts";
import { defineWorkflow } from "../../../shared/domain/workflow.ts";
import { contextOf } from "../fixtures.ts";
import { again, final, Story } from "./story.ts";
import { sceneOf } from "../scene.ts";

const order = defineWorkflow({ name: "order", version: 1, input: z.null() });
const booked = order.script("book", () => 1).step("after", () => 1);

/** What one script has stored, as the engine keeps it for an attempt. */
function memoryOf(stored: Record<string, Json> = {}) {
  const paused: number[] = [];
  const memory: Memory = {
    recall: (below) => stored[below],
    store: async (below, output) => void (stored[below] = output),
    pause: async (milliseconds) => void paused.push(milliseconds),
    now: () => 5,
    random: () => 0.5,
  };
  return { stored, paused, memory };
}

/** Runs a script once. */
async function attempt(
  script: (state: never, context: ScriptContext) => unknown,
  memory = memoryOf(),
  context = contextOf(),
): Promise<Json> {
  const node = order.script("book", script as never).nodes[0] as HandlerNode;
  return (await node.run({ input: null }, { ...context, idempotencyKey: "run-1/book" }, memory.memory)).output;
}
const inScript = (use: (step: ScriptStep) => unknown, memory = memoryOf()) => attempt((_, { step }) => use(step), memory);

describe("a script", () => {
  it("is one node with a handler, and has no steps in its shape: they come and go", () => {
    expect(booked.nodes[0]).toMatchObject({ kind: "script", shape: "script:book", timeoutMs: 30_000, rowIsOutput: true });
  });

  it("is over with its output, and lets go of its steps", () => {
    const story = new Story(booked);
    expect(story.round().starts).toMatchObject([{ path: "book", attempt: 1, memos: { size: 0 } }]);
    expect(story.round({ book: "done" })).toMatchObject({ rows: [{ path: "book" }], starts: [{ path: "after" }] });
  });

  it("is tried again as a step is, with what its steps have stored", () => {
    const story = new Story(booked);
    story.round();
    story.stored.outputs["book/pay/o-1"] = "p";
    story.stored.outputs["book/reserve"] = "r";
    story.run = ["book/reserve", "book/pay/o-1"].reduce((run, path) => withFact(run, path, { output: path[5]!, bytes: 3 }), story.run);
    const [start] = story.round({ book: again }).starts;
    expect(start).toMatchObject({ path: "book", attempt: 2 });
    expect(start!.memos!.toMap()).toEqual(
      new Map([
        ["book/pay/o-1", "p"],
        ["book/reserve", "r"],
      ]),
    );
    expect(bytesOf(story.run)).toBe(4 + 3 + 3);
    expect(story.round({ book: final }).fate.kind).toBe("failed");
    expect(story.redrive().round().starts).toMatchObject([{ attempt: 3, forgiven: 2, memos: { size: 2 } }]);
  });

  it("waits for its next attempt", () => {
    const story = new Story(order.script("book", { retry: { backoff: "1 minute", jitter: "none" } }, () => 1));
    story.round();
    expect(story.round({ book: again }).fate).toEqual({ kind: "park", delayMs: 60_000 });
    expect(story.pass(60_000).claim().round().starts).toMatchObject([{ attempt: 2 }]);
  });

  it("fails where the output of one of its steps cannot be stored, and hears of no other failure there", () => {
    const error = { name: "StateTooLargeError", message: "no" };
    const story = new Story(booked);
    expect(withFact(story.run, "book/pay", { failures: 1, forgiven: 0 }).chain.fatal).toBeUndefined();
    expect(withFact(story.run, "book/pay", { failures: 1, forgiven: 0, fatal: { at: 1, error } }).chain.fatal).toMatchObject({ error });
  });

  it("shares what is stored with what comes of it, and two that go on from one each have their own", () => {
    const { run } = new Story(booked);
    const one = withFact(run, "book/a", { output: 1, bytes: 1 });
    const ends = ["b", "c"].map((name) => withFact(one, `book/${name}`, { output: name, bytes: 3 }));
    const memosOf = (of: typeof run) =>
      of.chain.look(sceneOf(() => ({ input: null }))).moves.map((move) => "memos" in move && [...move.memos!.toMap()]);
    expect(ends.map(memosOf)).toEqual([
      [
        [
          ["book/a", 1],
          ["book/b", "b"],
        ],
      ],
      [
        [
          ["book/a", 1],
          ["book/c", "c"],
        ],
      ],
    ]);
    expect(memosOf(one)).toEqual([[["book/a", 1]]]);
  });

  it("knows its steps by a name, or a name and what it is of", () => {
    const unknown = (path: string) =>
      unknownPath(createRun({ id: "run-1", workflow: booked, input: null, outputs: { [path]: 1 } }), { [path]: 1 });
    expect(["book", "book/pay", "book/pay/2030-01-31", "book/pay/a%20b"].map(unknown)).toEqual(Array.from({ length: 4 }));
    const foreign = ["book/Pay", "book/pay/a/b", "book/~over", "book/pay/a b"];
    expect(foreign.map(unknown)).toEqual(foreign);
  });

  it("may be a whole workflow, as one node called run", async () => {
    const whole = order.run(async (_, { step }) => `${await step("a", () => "A")}!`);
    expect(whole.nodes.map(({ shape }) => shape)).toEqual(["script:run"]);
    expect((await walk(whole, null)).output).toBe("A!");
    expect(order.run({ timeout: "2 minutes" }, () => 1).nodes[0]).toMatchObject({ timeoutMs: 120_000 });
  });

  it("stores what its schema makes of what it returns", async () => {
    const parsed = order.script("book", { output: z.object({ n: z.int().default(3) }) }, () => ({}));
    expect((await walk(parsed, null)).output).toEqual({ n: 3 });
  });

  it.each<[string, unknown[], string]>([
    ["a when", [{ when: () => true }, () => 1], "it has a when, which a step may have: use choose, or an if in the script"],
    ["no code", [{}, 5], "it has no code: write async (state, { step }) => …"],
    ["an unknown option", [{ steps: 5 }, () => 1], '"steps" is not an option of a node'],
  ])("with %s is refused when it is defined", (_, given, problem) => {
    expect(() => order.script("book", ...(given as [never, never]))).toThrow(`Workflow "order", node "book": ${problem}`);
  });
});

describe("a step inside a script", () => {
  it("is done once: what it returned is stored, and answers when the script starts again", async () => {
    const memory = memoryOf();
    const pay = vi.fn<() => Promise<{ id: string; none?: string | undefined }>>(async () => ({ id: "p", none: undefined }));
    const script = (step: ScriptStep) => step("pay", pay);
    expect(await inScript(script, memory)).toEqual({ id: "p" });
    expect(await inScript(script, memory)).toEqual({ id: "p" });
    expect(pay).toHaveBeenCalledTimes(1);
    expect(memory.stored).toEqual({ pay: { id: "p" } });
  });

  it("stores null for nothing, and what its schema makes of what it returns", async () => {
    expect(await inScript((step) => step("nothing", () => {}))).toBeNull();
    expect(await inScript((step) => step("parsed", { output: z.string().trim() }, () => " p "))).toBe("p");
  });

  it("has its own idempotency key, and is told of its own attempts; the rest of the context is the script's", async () => {
    const seen = await inScript((step) =>
      step("pay", { of: "o/1", retry: { maxAttempts: 2 } }, ({ runId, attempt, idempotencyKey }) => {
        if (attempt === 1) throw new Error("no");
        return { runId, attempt, idempotencyKey };
      }),
    );
    expect(seen).toEqual({ runId: "run-1", attempt: 2, idempotencyKey: "run-1/book/pay/o%2F1" });
  });

  it.each([
    ["o-1", "o-1"],
    [7, "7"],
    ["a b/ü", "a%20b%2F%C3%BC"],
    ["!'()*~", "%21%27%28%29%2A%7E"],
    ["x".repeat(64), "x".repeat(64)],
    ["\uD800", "%EF%BF%BD"],
  ])("of %j is stored at its name and that, percent-encoded", async (of, encoded) => {
    const memory = memoryOf();
    await inScript((step) => step("pay", { of }, () => 1), memory);
    expect(memory.stored).toEqual({ [`pay/${encoded}`]: 1 });
  });

  it("may be done side by side with others", async () => {
    const memory = memoryOf();
    await inScript((step) => Promise.all([1, 2].map((n) => step("pay", { of: n }, () => n))), memory);
    expect(memory.stored).toEqual({ "pay/1": 1, "pay/2": 2 });
  });

  it("fails at once unless it has a retry policy; the script sees the error, and nothing of it is stored", async () => {
    const memory = memoryOf();
    const fail = vi.fn<() => null>(() => {
      throw new Error("no");
    });
    expect(await inScript((step) => step("pay", fail).catch(({ message }: Error) => message), memory)).toBe("no");
    expect(
      await inScript((step) => step("pay", { retry: { maxAttempts: 3, backoff: "10 seconds" } }, fail).catch(() => "still"), memory),
    ).toBe("still");
    expect(fail).toHaveBeenCalledTimes(1 + 3);
    expect(memory).toMatchObject({ stored: {}, paused: [5_000, 10_000] });
  });

  it("is not tried again after a NonRetryableError, nor once its attempt is told to stop", async () => {
    const retry = { maxAttempts: 3 };
    const fail = vi.fn<() => null>(() => {
      throw new NonRetryableError("no");
    });
    await expect(inScript((step) => step("pay", { retry }, fail))).rejects.toThrow("no");
    const stopped = contextOf({ signal: AbortSignal.abort() });
    const plain = vi.fn<() => null>(() => {
      throw new Error("stop");
    });
    await expect(attempt((_, { step }) => step("pay", { retry }, plain), memoryOf(), stopped)).rejects.toThrow("stop");
    expect([fail, plain].map(({ mock }) => mock.calls.length)).toEqual([1, 1]);
  });

  it.each<[string, (step: ScriptStep) => unknown, string]>([
    [
      "is called twice",
      (step) => [step("pay", () => 1), step("pay", () => 1)],
      'The step "pay" was called twice in one attempt: say what each is for, such as step("pay", { of: order.id }, …).',
    ],
    [
      "is called twice of one thing",
      (step) => [step("pay", { of: 1 }, () => 1), step("pay", { of: "1" }, () => 1)],
      'The step "pay" was called twice of "1" in one attempt: give each its own of.',
    ],
    [
      "has a name that cannot be stored",
      (step) => [step("Pay", () => 1)],
      'The step "Pay" cannot be stored: a name is a lower-case letter',
    ],
    ["has no name", (step) => [step(5 as never, () => 1)], 'The step "5" cannot be stored'],
    [
      "has an empty of",
      (step) => [step("pay", { of: "" }, () => 1)],
      'The of of the step "pay" has 0 bytes, percent-encoded: use 1 to 64, such as an id.',
    ],
    ["has an of that is too long", (step) => [step("pay", { of: "x".repeat(65) }, () => 1)], "has 65 bytes, percent-encoded"],
    [
      "is only a name",
      (step) => [step("pay", ...([] as unknown as [() => 1]))],
      'The step "pay" has no function: write step("pay", () => …).',
    ],
    ["has no function", (step) => [step("pay", {} as never)], 'The step "pay" has no function: write step("pay", () => …).'],
    [
      "returns more than 256 KiB",
      (step) => [step("pay", () => "x".repeat(262_143))],
      'The output of the step "pay" is 262145 bytes of JSON, more than 262144: store the data elsewhere and return a reference to it.',
    ],
    [
      "is the 3,001st",
      (step) => Array.from({ length: 3_001 }, (_, n) => step("pay", { of: n }, () => n)),
      'A script has at most 3000 steps: "pay/3000" is one more. Use a map, or several scripts.',
    ],
  ])("that %s fails the script for good", async (_, use, message) => {
    const failing = inScript(async (step) => void (await Promise.all(use(step) as Promise<Json>[])));
    await expect(failing).rejects.toThrow(NonRetryableError);
    await expect(failing).rejects.toThrow(message);
  });

  it("has a path of at most 200 bytes, where its script stands deep", async () => {
    const node = order.script("book", (_, { step }) => step("pay", () => 1)).nodes[0] as HandlerNode;
    const at = (bytes: number) =>
      node.run({ input: null }, contextOf({ idempotencyKey: `run-1/${"x".repeat(bytes - 4)}` }), memoryOf().memory);
    expect((await at(200)).output).toBe(1);
    await expect(at(201)).rejects.toThrow('The path of the step "pay" has more than 200 bytes: use shorter names.');
  });

  it("that is not awaited fails the script, which says so", async () => {
    const open = inScript((step) => void step("pay", () => new Promise<null>(() => {})));
    await expect(open).rejects.toThrow('The script returned while its step "pay" was not over: await each step.');
  });

  it("that comes back after its script was over stores nothing, and none begins any more", async () => {
    const memory = memoryOf();
    let late: Promise<unknown> = Promise.resolve();
    let step: ScriptStep | undefined;
    const { promise, resolve } = Promise.withResolvers<number>();
    await inScript((given) => {
      step = given;
      late = given("pay", () => promise);
    }, memory).catch(() => undefined);
    resolve(1);
    await expect(late).rejects.toThrow('"pay" came back after its script was over: nothing of it is stored.');
    await expect(step!("other", () => 1)).rejects.toThrow(
      '"other" was called after its script was over: await each step, nothing of this one was done.',
    );
    expect(memory.stored).toEqual({});
  });

  it("runs in a walk without a memory, also its retries", async () => {
    let calls = 0;
    const retried = order.script("book", (_, { step }) =>
      step("pay", { retry: { maxAttempts: 2 } }, () => {
        if (++calls === 1) throw new Error("no");
        return calls;
      }),
    );
    expect((await walk(retried, null)).output).toBe(2);
  });

  it.each(["sleep", "waitFor"])("has no %s beside it: that would end with its invocation", async (method) => {
    const call = attempt((_, context) => (context as unknown as Record<string, () => void>)[method]!());
    await expect(call).rejects.toThrow(
      new NonRetryableError(
        "A script cannot sleep or wait for a signal, for its invocation would: end the script here, and put .sleep(…) or .repeat(…) around it.",
      ),
    );
  });
});
