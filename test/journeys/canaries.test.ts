import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { canaries, planted } from "../support/canaries.ts";
import { createTestDatabase } from "../support/database.ts";
import { apiKeyHash, httpEvent } from "../support/http-event.ts";
import { deployBundles } from "../support/lambda/deploy.ts";
import { answerOf } from "../support/lambda/outcome.ts";
import { enqueue } from "../support/poller.ts";
import { dumpRows } from "../support/recorded.ts";

const database = await createTestDatabase();
const bundles = await deployBundles(fileURLToPath(new URL("../support/lambda/canary-workflows.ts", import.meta.url)));
const settings = (role: "producer" | "operator" | "poller") => ({
  DATABASE_URL: database.url(role),
  BATON_DRIVER: "neon",
  BATON_NEON_ENDPOINT: database.neon.url,
  BATON_API_KEY_HASHES: apiKeyHash,
  BATON_STAGE: "test",
  BATON_LINGER_SECONDS: "0",
});
const poller = await bundles.start("poll-queue", settings("poller"));
const controlRuns = await bundles.start("control-runs", settings("operator"), 15_000);
const enqueueRun = await bundles.start("enqueue-run", settings("producer"), 15_000);

/** The canaries that are found in a text, as JSON would have them too. */
function foundIn(text: string): string[] {
  return canaries.filter(({ secret }) => text.includes(secret)).map(({ what }) => what);
}

/** Enqueues a run for each canary in each place and lets the poller end them all. */
async function fly(workflow: string, places: readonly string[] = ["message"]): Promise<string[]> {
  const inputs = places.flatMap((place) => canaries.map((_, canary) => ({ canary, place })));
  const ids = await enqueue(database.database, { name: workflow, version: 1 }, inputs);
  expect(await poller.invoke({ nudged: true })).toHaveProperty("payload");
  return ids;
}

const get = async (path: string, parameters?: Record<string, string>, query?: string) =>
  answerOf(await controlRuns.invoke(httpEvent({ path, ...(parameters && { parameters }), ...(query && { query }) })));

test.each([
  ["throws", Object.keys(planted)],
  ["escapes", ["message", "cause"]],
  ["refused", ["message"]],
])("a secret in what a handler %s is in no table, no answer and no line of the log", async (workflow, places) => {
  const ids = await fly(workflow, places);
  const rows = JSON.stringify(await dumpRows(database));
  expect(rows).toContain("***");
  expect(foundIn(rows)).toEqual([]);
  for (const id of ids) {
    const { body } = await get(`/runs/${id}`, { id });
    expect(JSON.parse(body)).toMatchObject({ status: "failed", error: { message: expect.any(String) } });
    expect(foundIn(body)).toEqual([]);
  }
  expect(foundIn((await get("/runs", undefined, "status=failed&limit=100")).body)).toEqual([]);
  expect(foundIn(poller.log + controlRuns.log)).toEqual([]);
});

test("a secret in what a handler logs is in no line of the log", async () => {
  await fly("logs");
  const lines = poller.log.split("\n").filter((line) => line.includes('"in fields"'));
  expect(lines).toHaveLength(canaries.length);
  expect(JSON.parse(lines[0]!)).toMatchObject({ workflow: "logs", node: "leak", attempt: 1, fields: { password: "***" } });
  expect(foundIn(poller.log)).toEqual([]);
});

test("an error that an older version stored with its secrets is shown without them", async () => {
  const [id] = await fly("throws");
  const error = { name: "Error", message: canaries[0]!.text, stack: `Error: ${canaries[0]!.text}` };
  await database.query("update baton.failure set error = $1 where run_id = $2", [error, id]);
  await database.query("update baton.ending set error = $1 where run_id = $2", [error, id]);
  const { body } = await get(`/runs/${id}`, { id: id! });
  expect(body).toContain("postgresql://***@db.example");
  expect(foundIn(body)).toEqual([]);
});

test("a secret in a request that is refused, or that fails, is in no line of the log and no metric", async () => {
  const path = "/workflows/throws/runs";
  const parameters = { name: "throws" };
  await database.query("revoke execute on function baton.enqueue from baton_producer");
  for (const { text } of canaries) {
    const plain = text.replaceAll(/[^\x20-\x7e]/g, " ");
    const bodies = [{ input: { place: text } }, { [text]: 1 }, text, { input: { canary: 0, place: text } }];
    for (const body of bodies) await enqueueRun.invoke(httpEvent({ method: "POST", path, parameters, body }));
    await enqueueRun.invoke(httpEvent({ method: "POST", path, parameters, headers: { authorization: `Bearer ${plain}` }, body: {} }));
    await enqueueRun.invoke(httpEvent({ method: "POST", path, parameters, headers: { "idempotency-key": plain }, body: bodies[3] }));
    await get(`/runs/${plain}`, { id: plain }, new URLSearchParams({ cursor: text }).toString());
  }
  await database.query("grant execute on function baton.enqueue to baton_producer");
  expect(enqueueRun.log).toContain("a request failed");
  expect(enqueueRun.log).toContain("RejectedRequests");
  expect(foundIn(enqueueRun.log + controlRuns.log)).toEqual([]);
});

test.each(canaries.slice(0, 4))(
  "a connection that is bad, with $what, is in no line of the log and not in the dead letter",
  async ({ text, secret }) => {
    const url = text.slice(text.indexOf(" ") + 1).replace("cannot reach ", "");
    for (const bad of [
      text,
      url,
      url.replace(/^\w+:/, "postgres:"),
      url.replace(/^\w+:/, "postgres:").replace("@db.example", ":x@127.0.0.1:1"),
    ]) {
      const env = {
        ...settings("poller"),
        DATABASE_URL: bad,
        BATON_NEON_ENDPOINT: "http://127.0.0.1:1",
        BATON_POLLER_TIMEOUT_SECONDS: "20",
      };
      const [failing, http] = [await bundles.start("poll-queue", env, 3_000), await bundles.start("enqueue-run", env, 3_000)];
      const letter = JSON.stringify(await failing.invoke({}));
      const request = {
        method: "POST",
        path: "/workflows/throws/runs",
        parameters: { name: "throws" },
        body: { input: { canary: 0, place: "x" } },
      };
      const answer = JSON.stringify(await http.invoke(httpEvent(request)));
      expect(letter).toContain("error");
      expect(letter + answer + failing.log + http.log).not.toContain(secret);
      await Promise.all([failing.kill(), http.kill()]);
    }
  },
);

test("a secret in the error that ends an invocation is not in the dead letter and not in what Lambda prints of it", async () => {
  await database.query("alter function baton.tick() rename to tick_of_before");
  for (const { text } of canaries) {
    const raise = `create or replace function baton.tick() returns jsonb language plpgsql as
      $f$ begin raise exception using message = ${quoted(text)}, detail = ${quoted(text)}; end $f$`;
    await database.query(raise);
    await database.query("grant execute on function baton.tick() to baton_poller");
    const outcome = await poller.invoke({});
    expect(outcome).toMatchObject({ error: { errorType: "DatabaseRefusedError" } });
    expect(foundIn(JSON.stringify(outcome))).toEqual([]);
  }
  expect(poller.log).toContain("Invoke Error");
  expect(foundIn(poller.log)).toEqual([]);
});

const quoted = (text: string) => `E'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
