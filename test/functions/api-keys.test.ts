import { afterAll, afterEach, beforeEach, expect, test, vi } from "vitest";
import { handler as controlRuns } from "../../functions/control-runs.http.ts";
import { handler as enqueueRun } from "../../functions/enqueue-run.http.ts";
import { digestOf } from "../../shared/lambda/api-key.ts";
import { call, deployFunctions } from "../support/http-functions.ts";
import { startSsm } from "../support/ssm.ts";

/** Time stands still, and jumps when a test says so. */
let now = Date.now();
vi.spyOn(Date, "now").mockImplementation(() => now);
const pass = (seconds: number) => void (now += seconds * 1_000);

const name = "/baton/test/api-keys";
const ssm = await startSsm();
await deployFunctions("owner", { ...ssm.env, BATON_API_KEY_HASHES: "", BATON_API_KEYS_PARAMETER: name });
afterAll(() => ssm.close());

const entry = (of: string, role: string, key = of) => ({ name: of, role, digest: digestOf(key).toString("hex") });
const three = [entry("shop", "producer"), entry("dashboard", "reader"), entry("oncall", "operator")];
const put = (keys: unknown) => void ssm.parameters.set(name, typeof keys === "string" ? keys : JSON.stringify(keys));

const logged: [string, Record<string, unknown>][] = [];
for (const level of ["info", "warn", "error"] as const) {
  for (const { app } of [controlRuns, enqueueRun])
    vi.spyOn(app().logger, level).mockImplementation((message, fields = {}) => void logged.push([message, fields]));
}

beforeEach(() => {
  put(three);
  // Each test begins with keys that are not known yet.
  pass(24 * 3_600);
});
afterEach(() => {
  ssm.away = false;
  logged.length = 0;
});

const id = "00000000-0000-7000-8000-000000000000";
const as = (key: string) => ({ authorization: `Bearer ${key}` });
const order = { input: { orderId: "o-1", amountCents: 1 } };
const post = (key: string) =>
  call(enqueueRun, {
    method: "POST",
    path: "/workflows/fulfil-order/runs",
    parameters: { name: "fulfil-order" },
    headers: as(key),
    body: order,
  });
const control = (key: string, method: string, path: string) =>
  call(controlRuns, { method, path, parameters: { id, name: "retries" }, headers: as(key) });

/** What each route answers, by key. */
const requests = {
  enqueue: post,
  list: (key: string) => control(key, "GET", "/runs"),
  report: (key: string) => control(key, "GET", "/reports/retries"),
  find: (key: string) => control(key, "GET", `/runs/${id}`),
  cancel: (key: string) => control(key, "POST", `/runs/${id}/cancel`),
  redrive: (key: string) => control(key, "POST", `/runs/${id}/redrive`),
  attributes: (key: string) =>
    call(controlRuns, { method: "PATCH", path: `/runs/${id}/attributes`, parameters: { id }, headers: as(key), body: { a: 1 } }),
};

test.each([
  ["shop", { enqueue: 202, list: 403, report: 403, find: 404, cancel: 403, redrive: 403, attributes: 403 }],
  ["dashboard", { enqueue: 403, list: 200, report: 200, find: 404, cancel: 403, redrive: 403, attributes: 403 }],
  ["oncall", { enqueue: 202, list: 200, report: 200, find: 404, cancel: 404, redrive: 404, attributes: 404 }],
  ["nobody", { enqueue: 401, list: 401, report: 401, find: 401, cancel: 401, redrive: 401, attributes: 401 }],
])("the key %s is answered by each route with %o", async (key, expected) => {
  const answers = await Promise.all(Object.entries(requests).map(async ([route, send]) => [route, (await send(key)).status]));
  expect(Object.fromEntries(answers)).toEqual(expected);
});

test("a key with another role is told which role it takes, as a problem", async () => {
  const { status, headers, body } = await requests.cancel("dashboard");
  expect([status, headers["content-type"]]).toEqual([403, "application/problem+json"]);
  expect(body).toMatchObject({
    type: "urn:baton:problem:forbidden",
    detail: "This is for a key with the role operator; yours is reader.",
  });
});

test("a key that is taken out is refused a minute later, and one that is put in is taken, without a deployment", async () => {
  expect((await requests.list("oncall")).status).toBe(200);
  put([entry("oncall", "operator", "the-new-key")]);
  pass(59);
  expect((await requests.list("oncall")).status).toBe(200);
  pass(1);
  expect((await requests.list("oncall")).status).toBe(401);
  expect((await requests.list("the-new-key")).status).toBe(200);
});

test("a minute of requests, known and unknown keys, asks SSM once", async () => {
  const before = ssm.calls();
  await Promise.all(["oncall", "nobody", "shop", "somebody"].map((key) => requests.list(key)));
  pass(59);
  await requests.list("nobody");
  expect(ssm.calls() - before).toBe(1);
});

test("while SSM is away the last known keys go on for an hour, and not every request asks for them", async () => {
  await requests.list("oncall");
  ssm.away = true;
  pass(60);
  expect((await requests.list("oncall")).status).toBe(200);
  expect(logged).toContainEqual(["the API keys could not be fetched", expect.objectContaining({ lastKeys: true })]);
  const before = ssm.calls();
  pass(9);
  expect((await requests.list("nobody")).status).toBe(401);
  expect(ssm.calls()).toBe(before);
  pass(3_600 - 69);
  const { status, headers, body } = await requests.list("oncall");
  expect([status, headers["retry-after"]]).toEqual([503, "10"]);
  expect(body.detail).toMatch(/^Nothing was done: the API keys could not be looked up/);
  ssm.away = false;
  pass(10);
  expect((await requests.list("oncall")).status).toBe(200);
});

test.each([
  [
    "a parameter that is gone",
    undefined,
    "There is no SSM parameter /baton/test/api-keys: make a key with pgbaton logins, or npm run keys in a clone of the repository.",
  ],
  ["what is not JSON", "canary", "The SSM parameter /baton/test/api-keys does not hold API keys: it is not JSON"],
  ["a role that there is not", [{ ...entry("shop", "producer"), role: "canary" }], "0.role: it takes producer, reader or operator"],
  ["a key in the place of its digest", [{ ...entry("shop", "producer"), digest: "canary" }], "0.digest: give the SHA-256 digest"],
  ["a digest twice", [entry("shop", "reader"), entry("other", "operator", "shop")], "a digest stands there twice"],
])("%s lets nobody in, last known keys included, and the log says what is wrong and nothing of it", async (_, keys, reason) => {
  await requests.list("oncall");
  if (keys === undefined) ssm.parameters.delete(name);
  else put(keys);
  pass(60);
  expect((await requests.list("oncall")).status).toBe(500);
  const text = JSON.stringify(logged.at(-1));
  expect(text).toContain(reason);
  expect(text).not.toContain("canary");
  put(three);
  expect((await requests.list("oncall")).status).toBe(200);
});

test("a clock that was set back makes the keys old, not young", async () => {
  await requests.list("oncall");
  put([]);
  pass(-3_600);
  expect((await requests.list("oncall")).status).toBe(401);
});

test("each request is logged once with the name of its key, a failed one too, and never with the key", async () => {
  await requests.enqueue("shop");
  await requests.cancel("dashboard");
  await requests.list("nobody");
  ssm.parameters.delete(name);
  pass(60);
  await requests.list("oncall");
  expect(logged.map(([message, { key, status, path, method }]) => [message, key, method, path, status])).toEqual([
    ["a request was answered", "shop", "POST", "/workflows/fulfil-order/runs", 202],
    ["a request was answered", "dashboard", "POST", `/runs/${id}/cancel`, 403],
    ["a request was answered", undefined, "GET", "/runs", 401],
    ["a request failed", undefined, undefined, undefined, undefined],
  ]);
  vi.spyOn(controlRuns.app().client, "get").mockRejectedValueOnce(new Error("broken"));
  put([entry("on-call", "operator", "s3cret")]);
  await requests.find("s3cret");
  expect(logged.at(-1)).toEqual(["a request failed", expect.objectContaining({ key: "on-call" })]);
  expect(JSON.stringify(logged)).not.toContain("s3cret");
});
