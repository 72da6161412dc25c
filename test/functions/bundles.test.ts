import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { APIGatewayProxyStructuredResultV2 } from "aws-lambda";
import { afterAll, expect, test } from "vitest";
import { buildFunctions, ROOT } from "../../infra/build.ts";
import { createTestDatabase } from "../support/database.ts";
import { apiKeyHash } from "../support/http-event.ts";
import { LambdaInstance } from "../support/lambda/instance.ts";

// The events have the shape that AWS documents for payload format 2.0, all fields of it:
// https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
const eventOf = (name: string): unknown => JSON.parse(readFileSync(new URL(`events/${name}.json`, import.meta.url), "utf8"));

mkdirSync(join(ROOT, ".baton"), { recursive: true });
const folder = mkdtempSync(join(ROOT, ".baton/test-bundles-"));
await buildFunctions({ driver: "neon", outdir: folder });
const database = await createTestDatabase();
const open = (bundle: string, role: "producer" | "operator", env = {}) =>
  LambdaInstance.start({
    folder,
    bundle,
    env: { DATABASE_URL: database.url(role), BATON_NEON_ENDPOINT: database.neon.url, BATON_API_KEY_HASHES: apiKeyHash, ...env },
  });
const enqueueRun = await open("enqueue-run", "producer");
const controlRuns = await open("control-runs", "operator");
afterAll(async () => {
  for (const instance of [enqueueRun, controlRuns]) await instance[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

async function call(instance: LambdaInstance, event: string): Promise<APIGatewayProxyStructuredResultV2> {
  const outcome = await instance.invoke(eventOf(event));
  if ("error" in outcome) throw new Error(outcome.error.errorMessage);
  return outcome.answer as APIGatewayProxyStructuredResultV2;
}
const bodyOf = ({ body = "" }: APIGatewayProxyStructuredResultV2) => JSON.parse(body) as Record<string, unknown>;

test("the built producer stores a run, and the built reader finds it", async () => {
  const answer = await call(enqueueRun, "post-run");
  const { id, status } = bodyOf(answer) as { id: string; status: string };
  expect(answer).toMatchObject({ statusCode: 202, headers: { "content-type": "application/json", location: `/runs/${id}` } });
  expect(status).toBe("ready");
  expect(bodyOf(await call(controlRuns, "get-runs"))).toMatchObject({ runs: [{ id, status: "ready" }] });
});

test("a body in Base64 is decoded as UTF-8", async () => {
  const { id } = bodyOf(await call(enqueueRun, "post-run-base64"));
  expect(await database.query("select input ->> 'orderId' as order from baton.run where id = $1", [id])).toEqual([{ order: "o-ä" }]);
});

test("cookies, stage variables and an authorizer's claims do no harm", async () => {
  expect(await call(enqueueRun, "post-run-cookies")).toMatchObject({ statusCode: 202 });
});

test.each([
  ["a repeated content type", "post-run-repeated-header", 415, "unsupported-media-type"],
  ["two API keys", "post-run-two-keys", 401, "unauthorized"],
  ["no body", "post-run-without-body", 400, "invalid-json"],
  ["an empty body", "post-run-empty-body", 400, "invalid-json"],
])("the built producer refuses a request with %s", async (_what, event, status, kind) => {
  const answer = await call(enqueueRun, event);
  expect(answer).toMatchObject({ statusCode: status, headers: { "content-type": "application/problem+json" } });
  expect(bodyOf(answer)).toMatchObject({ type: `urn:baton:problem:${kind}`, status, instance: "JKJaXmPLvHcESHA=" });
});

test.each([
  ["a repeated query key", "get-runs-repeated-key", 400, "invalid-query"],
  ["an id that no run has", "get-run", 404, "unknown-run"],
])("the built reader refuses %s", async (_what, event, status, kind) => {
  expect(bodyOf(await call(controlRuns, event))).toMatchObject({ type: `urn:baton:problem:${kind}`, status });
});

test.each(["enqueue-run", "control-runs"])("%s with a wrong environment is a 500 whose log names the variable", async (bundle) => {
  await using instance = await open(bundle, "producer", { BATON_IDLE_GATE: "perhaps" });
  const answer = await call(instance, bundle === "enqueue-run" ? "post-run" : "get-runs");
  expect(answer).toMatchObject({ statusCode: 500 });
  expect(answer.body).not.toContain("BATON_IDLE_GATE");
  expect(instance.output).toContain("BATON_IDLE_GATE: it takes on or off");
});
