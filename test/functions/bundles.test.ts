import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { createTestDatabase } from "../support/database.ts";
import { apiKeyHash } from "../support/http-event.ts";
import { deployBundles } from "../support/lambda/deploy.ts";
import { answerOf } from "../support/lambda/outcome.ts";
import { until } from "../support/until.ts";

const database = await createTestDatabase();
const bundles = await deployBundles();
const settings = (role: "producer" | "operator" | "poller") => ({
  DATABASE_URL: database.url(role),
  BATON_DRIVER: "neon",
  BATON_NEON_ENDPOINT: database.neon.url,
  BATON_API_KEY_HASHES: apiKeyHash,
});
const enqueueRun = await bundles.start("enqueue-run", settings("producer"), 15_000);
const controlRuns = await bundles.start("control-runs", settings("operator"), 15_000);

/** The id of the recorded requests, of which there is no run. */
const unknown = "00000000-0000-7000-8000-000000000000";
const safe = {
  "cache-control": "no-store",
  "strict-transport-security": "max-age=63072000",
  "x-content-type-options": "nosniff",
};

/**
 * Sends a request of `events/`, which have every field that AWS documents; id stands for the one in
 * its path.
 */
async function send(name: string, id = unknown) {
  const event = JSON.parse(readFileSync(new URL(`events/${name}.json`, import.meta.url), "utf8").replaceAll(unknown, id)) as unknown;
  const { statusCode, headers, body } = answerOf(await (name.startsWith("enqueue") ? enqueueRun : controlRuns).invoke(event));
  return { status: statusCode, headers, body: JSON.parse(body) as Record<string, unknown> };
}

const countRuns = async () => (await database.query("select count(*)::int as runs from baton.run"))[0]?.["runs"];

describe("enqueue-run", () => {
  test("stores a run, whatever cookies, authorizer and stage variables come with the request", async () => {
    const { status, headers, body } = await send("enqueue-run");
    expect(body).toEqual({ id: expect.any(String), status: "ready" });
    expect({ status, headers }).toEqual({
      status: 202,
      headers: { ...safe, "content-type": "application/json", location: `/runs/${body["id"] as string}` },
    });
    const rows = await database.query("select input from baton.run where id = $1", [body["id"]]);
    expect(rows).toEqual([{ input: { orderId: "o-1", amountCents: 1250 } }]);
  });

  test("reads a body in Base64 as the bytes that it was, once for each Idempotency-Key", async () => {
    const first = await send("enqueue-run-base64");
    expect(first.status).toBe(202);
    expect(await send("enqueue-run-base64")).toEqual(first);
    const rows = await database.query("select input ->> 'orderId' as order from baton.run where id = $1", [first.body["id"]]);
    expect(rows).toEqual([{ order: "größe-1" }]);
  });

  test("takes two headers of one name, joined by a comma, as one value", async () => {
    expect((await send("enqueue-run-headers-twice")).status).toBe(202);
    const rows = await database.query("select key from baton.dedup where key like '%two'");
    expect(rows).toEqual([{ key: expect.stringContaining("one,two") }]);
  });
});

describe("control-runs", () => {
  test("lists, finds, cancels and redrives", async () => {
    const { body } = await send("enqueue-run");
    const id = body["id"] as string;
    const list = await send("list-runs");
    expect(list).toMatchObject({ status: 200, headers: { ...safe, "content-type": "application/json" } });
    expect((list.body["runs"] as { id: string }[])[0]).toMatchObject({ id, workflow: "fulfil-order", status: "ready" });
    expect(await send("find-run", id)).toMatchObject({ status: 200, body: { id, status: "ready", steps: expect.any(Array) } });
    expect(await send("redrive-run", id)).toMatchObject({ status: 409, body: { type: "urn:baton:problem:wrong-status" } });
    expect(await send("cancel-run", id)).toMatchObject({ status: 202, body: { id, status: "cancelled" } });
    expect(await send("find-run", id)).toMatchObject({ status: 200, body: { id, status: "cancelled" } });
  });
});

test("a report is made from the query that the bundle carries", async () => {
  expect(await send("make-report")).toMatchObject({ status: 200, body: { report: "retries", rows: [] } });
});

test.each([
  ["enqueue-run-no-body", 400, "invalid-json"],
  ["enqueue-run-empty-body", 400, "invalid-json"],
  ["enqueue-run-content-type-twice", 415, "unsupported-media-type"],
  ["enqueue-run-authorization-twice", 401, "unauthorized"],
  ["enqueue-run-unknown-workflow", 404, "unknown-workflow"],
  ["list-runs-status-twice", 400, "invalid-query"],
  ["find-run", 404, "unknown-run"],
  ["cancel-run", 404, "unknown-run"],
  ["redrive-run", 404, "unknown-run"],
])("the request %s is answered with %i %s as application/problem+json, and changes nothing", async (name, status, kind) => {
  const before = await countRuns();
  const answered = await send(name);
  expect(answered).toMatchObject({ status, headers: { ...safe, "content-type": "application/problem+json" } });
  expect(answered.body).toMatchObject({ type: `urn:baton:problem:${kind}`, status, instance: "JKJaXmPLvHcESHA=" });
  expect(await countRuns()).toBe(before);
});

describe("with a wrong environment", () => {
  test.each([
    ["enqueue-run", "DATABASE_URL", ""],
    ["control-runs", "DATABASE_URL", ""],
    ["control-runs", "BATON_API_KEY_HASHES", "canary"],
    ["enqueue-run", "BATON_DRIVER", "mysql"],
  ])("%s says nothing but 500 to its caller, and %s in its log", async (name, variable, value) => {
    const instance = await bundles.start(name, { ...settings("producer"), [variable]: value }, 15_000);
    const event: unknown = JSON.parse(readFileSync(new URL("events/list-runs.json", import.meta.url), "utf8"));
    const { statusCode, headers, body } = answerOf(await instance.invoke(event));
    expect([statusCode, headers["content-type"]]).toEqual([500, "application/problem+json"]);
    expect(JSON.parse(body)).toMatchObject({ type: "urn:baton:problem:internal", instance: "JKJaXmPLvHcESHA=" });
    expect(body).not.toContain(variable);
    await until("it is in the log", () => instance.log.includes(variable));
    expect(instance.log).toContain("JKJaXmPLvHcESHA=");
    expect(instance.log).not.toContain("canary");
  });

  test.each([
    ["DATABASE_URL", ""],
    ["BATON_DRIVER", "mysql"],
    ["BATON_BATCH", "abc"],
    ["BATON_POLLER_TIMEOUT_SECONDS", "5"],
  ])("poll-queue ends its invocation with an error that names %s", async (variable, value) => {
    const instance = await bundles.start("poll-queue", { ...settings("poller"), [variable]: value });
    expect(await instance.invoke({})).toEqual({
      error: { errorType: expect.stringMatching(/ConfigurationError$/), errorMessage: expect.stringContaining(variable) },
    });
  });
});
