import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, test } from "vitest";
import { Api } from "../../infra/local/start/api.ts";
import { inOneLine } from "../../infra/local/start/one-line.ts";
import { linesOf, RunFollower } from "../../infra/local/start/run-follower.ts";
import { type ShownRun, shownRuns } from "../../infra/local/start/shown-run.ts";
import { DatabaseBusyError } from "../../shared/domain/database-errors.ts";
import { createTestDatabase } from "../support/database.ts";
import { engineOf, failure, leaseOf, newRuns, step } from "../support/engine-calls.ts";
import { storeRun } from "../support/stored-runs.ts";
import { until } from "../support/until.ts";

const PROBLEM = '{"type":"about:blank","title":"Service Unavailable","status":503,"detail":"The database does not answer."}';

function run(id: string, facts: Partial<ShownRun> = {}): ShownRun {
  return { id, workflow: "demo", status: "running", error: null, waiting: null, steps: [], ...facts };
}

test("all runs that are shown take one read a look, and none takes none; that more than 20 are not shown is said once", async () => {
  const asked: (readonly string[])[] = [];
  const lines: string[] = [];
  let status: ShownRun["status"] = "running";
  const read = async (ids: readonly string[]) => (asked.push(ids), ids.map((id) => run(id, { status })));
  const follower = new RunFollower(read, (line) => lines.push(line), 1);
  for (let n = 0; n < 25; n++) follower.follow(`run-${n}`);
  expect(asked).toEqual([]);
  expect(lines).toEqual([]);
  follower.begin();
  const full = "Only 20 runs are shown here at the same time. The others run all the same: GET /runs lists them.";
  expect(lines).toEqual([full]);
  for (let n = 25; n < 30; n++) follower.follow(`run-${n}`);
  await until("it has looked three times", () => asked.length >= 3);
  expect(asked.every((ids) => ids.length === 20)).toBe(true);
  status = "done";
  await until("all are shown as done", () => lines.length === 21);
  const looks = asked.length;
  // no guess: a machine that is slow lets a wrong look pass, never a right one fail.
  await new Promise((resolve) => setTimeout(resolve, 30));
  expect(asked.length).toBe(looks);
  follower.follow("another");
  await until("it looks again", () => lines.length === 22);
  expect(lines.filter((line) => line === full)).toHaveLength(1);
});

test("a database that does not answer is told once, and the runs are shown when it answers again", async () => {
  const lines: string[] = [];
  let reads = 0;
  const read = async (ids: readonly string[]) => {
    if (++reads <= 5) throw new DatabaseBusyError(PROBLEM, {});
    return ids.map((id) => run(id, { status: "done" }));
  };
  const follower = new RunFollower(read, (line) => lines.push(line), 1);
  follower.follow("run-1");
  follower.begin();
  await until("it has ended", () => lines.some((line) => line.endsWith("done")));
  expect(lines).toEqual(["The database does not answer the display: The database does not answer.", "demo              …run-1  done"]);
});

test("a run that is blocked is told with the reason", async () => {
  const lines: string[] = [];
  const waiting = { for: "blocked", until: null, reason: "this code has no version 2 of demo" } as const;
  const follower = new RunFollower(
    async () => [run("run-1", { status: "blocked", waiting })],
    (line) => lines.push(line),
    1,
  );
  follower.begin();
  follower.follow("run-1");
  await until("it is shown", () => lines.length > 0);
  expect(lines).toEqual(["demo              …run-1  is blocked: this code has no version 2 of demo"]);
});

test.each([
  ["a problem", `GET /runs was answered with 503: ${PROBLEM}`, "GET /runs was answered with 503: The database does not answer."],
  ["an answer of the gateway", '{"message":"Service Unavailable"}', "Service Unavailable"],
  [
    "the issues of a schema",
    JSON.stringify([{ path: ["a", 0], message: "expected\n text" }, { message: "too few" }], null, 2),
    "a.0: expected text; too few",
  ],
  ["a document without a message", '{"a":1}', "a JSON document without a message"],
  ["text of several lines", "first\n  second", "first second"],
  ["text with a brace", "use {x} here", "use {x} here"],
])("a line for people has no JSON document: %s", (_what, message, line) => {
  expect(inOneLine(message)).toBe(line);
});

test("an answer of the API that refuses is told by the sentence in it", async () => {
  const server = createServer((_request, response) => response.writeHead(503).end(PROBLEM)).listen(0, "127.0.0.1");
  await once(server, "listening");
  const api = new Api(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, "key");
  await expect(api.runs("ready")).rejects.toThrow(/was answered with 503: The database does not answer\.$/);
  server.closeAllConnections();
  server.close();
});

test("runs are read with one statement, without their inputs and outputs", async () => {
  const database = await createTestDatabase();
  const engine = engineOf(database);
  const runs = newRuns(2, { input: { secret: "an input" } });
  const { token, runs: members } = await leaseOf(engine, runs);
  const [first, second] = members.map(({ id, place }) => ({ id, place }));
  await engine.advance(token, 1, { steps: [step(first!, { output: { secret: "an output" } })], failures: [failure(second!)] });
  const before = database.neon.stats.statements;
  const shown = await shownRuns(database.connect("operator", "neon"))(runs.map(({ id }) => id));
  expect(database.neon.stats.statements - before).toBe(1);
  expect(
    shown.map(({ status, steps }) => [status, steps.map(({ name, attempts }) => [name, attempts.map((one) => one.error?.message)])]),
  ).toEqual([
    ["running", [["reserve", [undefined]]]],
    ["running", [["reserve", ["it broke"]]]],
  ]);
  expect(JSON.stringify(shown)).not.toContain("an ");
});

test("a step below another is told by its path, and that more is below than is shown once", async () => {
  await using database = await createTestDatabase();
  const items = Array.from({ length: 120 }, (_, nth) => nth);
  const id = await storeRun(database.query, {
    status: "done",
    rows: [
      { node: "pages", position: 0, attempt: 0, output: { items } },
      ...items.map((nth) => ({ node: `pages/${String(nth).padStart(5, "0")}/get`, position: 0 })),
    ],
  });
  const [run] = await shownRuns(database.database)([id]);
  const lines = linesOf(run!);
  const start = `nested            …${id.slice(-6)}`;
  expect(lines.slice(0, 2)).toEqual([
    `${start}  pages        only the first 100 below it are shown here: GET /runs/${id}/steps?under=pages lists all`,
    `${start}  pages/00000/get attempt 1  done in 10 ms`,
  ]);
  expect(lines.slice(-2)).toEqual([`${start}  pages/00099/get attempt 1  done in 10 ms`, `${start}  done`]);
  expect(lines).toHaveLength(102);
});
