import { afterEach, expect, test, vi } from "vitest";
import * as z from "zod";
import { AttemptLogger } from "../../shared/engine/poll/attempt-logger.ts";
import { stepLogger } from "../../shared/lambda/step-logger.ts";
import { defineWorkflow, type Logger } from "../../shared/index.ts";
import { createTestDatabase } from "../support/database.ts";
import { enqueue, poll } from "../support/poller.ts";

const printed: string[] = [];
// Powertools has a console of its own over these.
for (const stream of [process.stdout, process.stderr]) {
  vi.spyOn(stream, "write").mockImplementation((line) => printed.push(String(line)) > 0);
}
afterEach(() => void (printed.length = 0));

const attempt = { runId: "run-1", path: "charge", number: 2 } as never;
const logger: Logger = new AttemptLogger(stepLogger("baton-poller"), "order", attempt);
const line = () => JSON.parse(printed.at(-1)!) as Record<string, unknown>;
const facts = { workflow: "order", runId: "run-1", node: "charge", attempt: 2 };

test("each line of a step has its workflow, run, node and attempt, and its own fields below a key of their own", () => {
  logger.info("charged", { cents: 990 });
  expect(line()).toMatchObject({ level: "INFO", message: "charged", service: "baton-poller", ...facts, fields: { cents: 990 } });
  expect(line()).not.toHaveProperty("cents");
});

test.each(["America/St_Johns", "Asia/Kathmandu", ":UTC", "nowhere"])("the time of a line is UTC where TZ is %s", (zone) => {
  vi.stubEnv("TZ", zone);
  stepLogger("baton-poller").info("charged");
  vi.unstubAllEnvs();
  const at = line()["timestamp"] as string;
  expect(new Date(at).toISOString()).toBe(at);
});

test("a line without fields has no such key", () => {
  logger.warn("slow");
  expect(line()).toMatchObject({ level: "WARN", message: "slow", ...facts });
  expect(line()).not.toHaveProperty("fields");
});

test("fields take the place of nothing in the line, and are no metrics", () => {
  const caller = { _aws: { CloudWatchMetrics: [] }, level: "DEBUG", message: "mine", timestamp: 0, service: "x", runId: "x", attempt: 9 };
  logger.error("refused", caller);
  expect(line()).toMatchObject({ level: "ERROR", message: "refused", service: "baton-poller", ...facts, fields: caller });
  expect(line()["timestamp"]).toMatch(/^2\d{3}-/);
  expect(line()).not.toHaveProperty("_aws");
});

test("a message that is no text is a text in the line all the same", () => {
  for (const [message, text] of [
    [{ _aws: {}, level: "x" }, '{"_aws":{},"level":"x"}'],
    [new Error("no"), "no"],
    [undefined, "undefined"],
  ] as const) {
    logger.info(message as never);
    expect(line()).toMatchObject({ level: "INFO", message: text, ...facts });
    expect(line()).not.toHaveProperty("_aws");
  }
});

test("fields that cannot be written lose themselves, and neither the line nor the attempt", () => {
  logger.info("charged", {
    get card(): string {
      throw new Error("no");
    },
  });
  expect(line()).toMatchObject({ message: "charged", ...facts, fields: "(these fields cannot be written as JSON)" });
});

test("a method stands alone, as a listener or out of the context", async () => {
  // oxlint-disable-next-line typescript/unbound-method -- that it needs no `this` is what is proved
  const { error } = logger;
  await Promise.reject(new Error("late")).catch(error);
  expect(line()).toMatchObject({ level: "ERROR", message: "late", ...facts });
});

test("a handler's lines are those of its own attempt, whoever runs beside it", async () => {
  await using database = await createTestDatabase();
  const said: unknown[] = [];
  const note: Logger["info"] = (message, fields) => void said.push({ message, ...fields });
  const twice = defineWorkflow({ name: "twice", version: 1, input: z.strictObject({ n: z.int() }) })
    .step("first", { retry: { backoff: "1 millisecond" } }, async ({ input }, { logger, attempt, runId }) => {
      // no guess: the handlers overlap, or the order of their lines proves as much.
      await new Promise((resolve) => setTimeout(resolve, 5));
      logger.info("here", { n: input.n, runId, attempt });
      if (attempt === 1) throw new Error("once");
    })
    .sql("second", (_state, { logger }) => (logger.warn("there"), { statements: [] }));
  const ids = await enqueue(database.database, twice, [{ n: 0 }, { n: 1 }]);
  await poll(database.connect("poller"), [twice], { logger: { debug: note, info: note, warn: note, error: note } });
  const lines = ids.flatMap((runId, n) => [
    ...[1, 2].map((attempt) => ({ message: "here", workflow: "twice", runId, node: "first", attempt, fields: { n, runId, attempt } })),
    { message: "there", workflow: "twice", runId, node: "second", attempt: 1 },
  ]);
  expect(said).toHaveLength(lines.length);
  expect(said).toEqual(expect.arrayContaining(lines));
});
