import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, request, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type Host, type HostOptions, startHost } from "../../infra/local/host.ts";
import type { Crash } from "../../infra/local/host/lambda-instance.ts";
import type { FunctionFacts, Template } from "../../infra/local/host/template.ts";
import { gatewayMayInvoke, roleThatAllows } from "../support/roles.ts";
import { until } from "../support/until.ts";

/** A function that does what its event says and tells what it saw. */
const PROBE = `
let calls = 0;
export const handler = async (event, context) => {
  calls++;
  if (event.crash) setTimeout(() => { throw new Error("crashed on purpose"); });
  if (event.exit !== undefined) process.exit(event.exit);
  if (event.throwLater) setTimeout(() => { throw event.throwLater; });
  if (event.crash || event.hang || event.throwLater) await new Promise(() => {});
  if (event.fail) throw new RangeError("failed on purpose");
  if (event.holdMs) await new Promise((resolve) => setTimeout(resolve, event.holdMs));
  if (event.answerBytes) return "x".repeat(event.answerBytes - 2);
  if (event.print) console.log(event.print);
  if (event.tellKey) return process.env.AWS_ACCESS_KEY_ID;
  return { calls, name: process.env.NAME, remainingMs: context.getRemainingTimeInMillis(), source: event.source };
};
`;
const HTTP = `
export const handler = async (event) => {
  if (event.rawPath === "/plain/bytes") return { statusCode: 200, headers: { "content-type": "image/gif" }, cookies: ["a=1", "b=2"], body: Buffer.from([0, 255, 7]).toString("base64"), isBase64Encoded: true };
  if (event.rawPath === "/plain/broken") throw new Error("broken");
  return { statusCode: 201, headers: { "x-seen": "yes" }, body: JSON.stringify(event) };
};
`;

let folder: string;
let host: Host;
let address: string;
let printed: string;
let crashes: Crash[];
const opened: (() => Promise<unknown>)[] = [];

const role = roleThatAllows({ "lambda:InvokeFunction": "*" });

function facts(logicalId: string, overrides: Partial<FunctionFacts> = {}): FunctionFacts {
  const defaults = { timeoutMs: 10_000, memoryMb: 128, reservedConcurrency: undefined, maximumEventAgeMs: 60_000, environment: {}, role };
  return { logicalId, name: `test-${logicalId}`, module: logicalId.toLowerCase(), handler: "handler", ...defaults, ...overrides };
}

async function serve(template: Partial<Template>, limits: HostOptions["limits"] = {}): Promise<void> {
  host = await startHost({
    limits,
    template: {
      functions: [facts("Probe")],
      routes: [],
      schedules: [],
      roles: [role],
      permissions: [gatewayMayInvoke],
      scheduleGroups: [],
      ...template,
    },
    codeRoot: folder,
    environmentOf: ({ name }) => ({ NAME: name }),
    log: (text) => (printed += text),
    onCrash: (crash) => crashes.push(crash),
  });
  const server = createServer(host.listener).listen(0, "127.0.0.1");
  await once(server, "listening");
  address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  opened.push(
    () => host.close(),
    async () => server.close(),
  );
}

function signedWith(accessKeyId: string): { authorization: string } {
  return {
    authorization: `AWS4-HMAC-SHA256 Credential=${accessKeyId}/20260101/local/lambda/aws4_request, SignedHeaders=host, Signature=00`,
  };
}

function invoke(name: string, event: unknown, type = "RequestResponse"): Promise<Response> {
  const headers = { "x-amz-invocation-type": type, ...signedWith(host.awsKey.accessKeyId) };
  return fetch(`${host.awsUrl}/2015-03-31/functions/${name}/invocations`, { method: "POST", headers, body: JSON.stringify(event) });
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "baton-host-"));
  writeFileSync(join(folder, "probe.mjs"), PROBE);
  writeFileSync(join(folder, "http.mjs"), HTTP);
  printed = "";
  crashes = [];
});
afterEach(async () => {
  for (const close of opened.splice(0)) await close();
  rmSync(folder, { recursive: true, force: true });
});

const httpTemplate = {
  functions: [facts("Http")],
  routes: [
    { key: "POST /items/{id}/parts", functionId: "Http" },
    { key: "GET /plain/{name}", functionId: "Http" },
    { key: "GET /plain/latest", functionId: "Http" },
  ],
};

test("a request becomes an event of payload format 2.0", async () => {
  await serve(httpTemplate);
  const headers = { "content-type": "application/json", "X-Shout": "HI", cookie: "a=1; b=2" };
  const response = await fetch(`${address}/items/%7B1%7D/parts?q=1&q=2&r=%20`, { method: "POST", headers, body: '{"ä":1}' });
  expect([response.status, response.headers.get("x-seen")]).toEqual([201, "yes"]);
  expect(await response.json()).toMatchObject({
    version: "2.0",
    routeKey: "POST /items/{id}/parts",
    rawPath: "/items/%7B1%7D/parts",
    rawQueryString: "q=1&q=2&r=%20",
    queryStringParameters: { q: "1,2", r: " " },
    pathParameters: { id: "{1}" },
    cookies: ["a=1", "b=2"],
    headers: { "x-shout": "HI", "content-type": "application/json" },
    requestContext: { http: { method: "POST", path: "/items/%7B1%7D/parts" } },
    body: '{"ä":1}',
    isBase64Encoded: false,
  });
});

test.each([
  ["bytes", "application/octet-stream", Buffer.from([0, 255])],
  ["text that is no UTF-8", "application/json", Buffer.from([0x22, 0xff, 0x22])],
])("a body of %s comes in Base64", async (_what, contentType, body) => {
  await serve(httpTemplate);
  const response = await fetch(`${address}/items/1/parts`, { method: "POST", headers: { "content-type": contentType }, body });
  expect(await response.json()).toMatchObject({ body: body.toString("base64"), isBase64Encoded: true });
});

test("an answer in Base64 is sent as bytes, with all its cookies", async () => {
  await serve(httpTemplate);
  const response = await fetch(`${address}/plain/bytes`);
  expect(Buffer.from(await response.arrayBuffer())).toEqual(Buffer.from([0, 255, 7]));
  expect(response.headers.getSetCookie()).toEqual(["a=1", "b=2"]);
});

test("a literal segment wins over a parameter, and what matches no route is not found as on AWS", async () => {
  await serve(httpTemplate);
  expect(await (await fetch(`${address}/plain/latest`)).json()).toMatchObject({ routeKey: "GET /plain/latest" });
  for (const path of ["/", "/plain", "/plain/", "/plain/a/b"]) {
    const response = await fetch(address + path);
    expect([path, response.status, await response.json()]).toEqual([path, 404, { message: "Not Found" }]);
  }
});

test("a function that throws is a 500 that says nothing", async () => {
  await serve(httpTemplate);
  const response = await fetch(`${address}/plain/broken`);
  expect([response.status, await response.json()]).toEqual([500, { message: "Internal Server Error" }]);
});

test("a result of more than 6,291,556 bytes is an error, as on AWS", async () => {
  await serve({});
  expect((await (await invoke("test-Probe", { answerBytes: 6_291_556 })).text()).length).toBe(6_291_556);
  const refused = await invoke("test-Probe", { answerBytes: 6_291_557 });
  expect(refused.headers.get("x-amz-function-error")).toBe("Unhandled");
  expect(await refused.json()).toMatchObject({ errorType: "Function.ResponseSizeTooLarge" });
});

test("an idle instance is used again, with its own environment and a running clock", async () => {
  await serve({});
  await invoke("test-Probe", { holdMs: 20, print: "hello from inside" });
  const { calls, name, remainingMs } = (await (await invoke("test-Probe", { holdMs: 20 })).json()) as Record<string, unknown>;
  expect({ calls, name }).toEqual({ calls: 2, name: "test-Probe" });
  // no guess: it began with 10,000 and only falls
  expect(remainingMs).toBeLessThan(10_000);
  expect(process.env["NAME"]).not.toBe("test-Probe");
  await until("its output has arrived", () => printed.includes("hello from inside"));
});

test("the Invoke API answers as Lambda does: a result, a function's error, an accepted event, an unknown function", async () => {
  await serve({});
  expect((await invoke("test-Probe", {})).status).toBe(200);
  const failed = await invoke("test-Probe", { fail: true });
  expect([failed.status, failed.headers.get("x-amz-function-error")]).toEqual([200, "Unhandled"]);
  expect(await failed.json()).toEqual({ errorType: "RangeError", errorMessage: "failed on purpose" });
  expect((await invoke("test-Probe", {}, "Event")).status).toBe(202);
  const unknown = await invoke("test-Nothing", {});
  expect([unknown.status, unknown.headers.get("x-amzn-errortype")]).toEqual([404, "ResourceNotFoundException"]);
});

test("over the reserved concurrency a call is refused, and an event waits for its turn", async () => {
  await serve({ functions: [facts("Probe", { reservedConcurrency: 1 })] });
  const held = host.invoke("Probe", JSON.stringify({ holdMs: 300 }));
  const refused = await invoke("test-Probe", {});
  expect([refused.status, refused.headers.get("x-amzn-errortype")]).toEqual([429, "TooManyRequestsException"]);
  const waited = host.invoke("Probe", "{}");
  expect(await held).toMatchObject({ payload: expect.stringContaining('"calls":1') });
  expect(await waited).toMatchObject({ payload: expect.stringContaining('"calls":2') });
});

test("an event that waited longer than its maximum age is dropped", async () => {
  await serve({ functions: [facts("Probe", { reservedConcurrency: 1, maximumEventAgeMs: 10 })] });
  const held = host.invoke("Probe", JSON.stringify({ holdMs: 200 }));
  expect(await host.invoke("Probe", "{}")).toBeUndefined();
  expect(await held).toMatchObject({ payload: expect.any(String) });
});

test("an instance that crashes or runs into its timeout is replaced, and the host lives on", async () => {
  await serve({ functions: [facts("Probe", { timeoutMs: 2_000 })] });
  expect(await host.invoke("Probe", JSON.stringify({ crash: true }))).toEqual({
    error: { errorType: "Runtime.ExitError", errorMessage: "Runtime exited with error: crashed on purpose" },
  });
  expect(await host.invoke("Probe", JSON.stringify({ hang: true }))).toEqual({
    error: { errorType: "Sandbox.Timedout", errorMessage: "Task timed out after 2.00 seconds" },
  });
  expect(await host.invoke("Probe", "{}")).toMatchObject({ payload: expect.stringContaining('"calls":1') });
});

test.each([
  ["throws an error", { crash: true }, "Error: crashed on purpose", /Error: crashed on purpose\n +at .*probe\.mjs/],
  ["throws a string", { throwLater: "only a word" }, "'only a word'", /crashed: 'only a word'/],
  ["exits", { exit: 3 }, "something in it called process.exit(3)", /crashed: exit code 3/],
  ["hangs", { hang: true }, "Task timed out after 0.50 seconds", /crashed: Task timed out/],
])("the cause of an instance that %s is told in one line, and stands whole in the log", async (_what, event, reason, logged) => {
  await serve({ functions: [facts("Probe", { timeoutMs: "hang" in event ? 500 : 10_000 })] });
  await host.invoke("Probe", JSON.stringify(event));
  expect(crashes).toEqual([{ functionName: "test-Probe", reason }]);
  expect(printed).toMatch(logged);
});

test("a function whose file cannot be imported is told as a crash with its reason", async () => {
  writeFileSync(join(folder, "probe.mjs"), 'throw new TypeError("broken on purpose");');
  await serve({});
  await host.invoke("Probe", "{}");
  expect(crashes).toEqual([{ functionName: "test-Probe", reason: "TypeError: broken on purpose" }]);
});

test("the end of the host is no crash of its instances", async () => {
  await serve({});
  const held = host.invoke("Probe", JSON.stringify({ hang: true }));
  await host.invoke("Probe", "{}");
  await opened.shift()!();
  await held;
  expect(crashes).toEqual([]);
});

test("a schedule fires at once and then at its rate", async () => {
  const print = JSON.stringify({ print: "tick" });
  await serve({
    schedules: [{ name: "Often", group: "default", everyMs: 100, functionId: "Probe", input: print, role, deadLetterArn: undefined }],
  });
  host.startSchedules();
  await until("it has fired three times", () => (printed.match(/tick/g) ?? []).length >= 3);
});

/** Sends a request whose Host header is chosen freely, which fetch does not allow. */
async function statusFor(url: string, path: string, host: string, headers: Record<string, string> = {}): Promise<number> {
  const { port } = new URL(url);
  const sent = request({ host: "127.0.0.1", port, path, headers: { host, ...headers } }).end();
  const [response] = (await once(sent, "response")) as [IncomingMessage];
  response.resume();
  return response.statusCode!;
}

test("an instance that idles for its time ends, one that works does not, and the next call gets a new one", async () => {
  await serve({}, { idleMs: 100 });
  const held = host.invoke("Probe", JSON.stringify({ holdMs: 1_000 }));
  await host.invoke("Probe", "{}");
  expect(host.instancesOf("Probe")).toBe(2);
  await until("the idle one has ended", () => host.instancesOf("Probe") === 1);
  expect(await held).toMatchObject({ payload: expect.any(String) });
  await until("both have ended", () => host.instancesOf("Probe") === 0);
  expect(await host.invoke("Probe", "{}")).toMatchObject({ payload: expect.stringContaining('"calls":1') });
  expect(crashes).toEqual([]);
});

test("calls that come together share the instances that the machine may have, and all are answered", async () => {
  await serve({ functions: [facts("Probe", { reservedConcurrency: 10 })] }, { instances: 2 });
  const answers = Array.from({ length: 10 }, () => invoke("test-Probe", { holdMs: 20 }));
  const statuses = await Promise.all(answers.map(async (answer) => (await answer).status));
  expect(statuses).toEqual(Array.from({ length: 10 }, () => 200));
  expect(host.instancesOf("Probe")).toBe(2);
});

test("calls beyond the reserved concurrency are refused, also while they could only wait for an instance", async () => {
  await serve({ functions: [facts("Probe", { reservedConcurrency: 3 })] }, { instances: 1 });
  const answers = await Promise.all(Array.from({ length: 5 }, () => invoke("test-Probe", { holdMs: 300 })));
  expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, 200, 200, 429, 429]);
});

test("a call that is not signed with a key of this host's is refused as AWS refuses it, whatever the service", async () => {
  await serve({});
  for (const headers of [{}, signedWith("local"), { authorization: `Bearer ${host.awsKey.accessKeyId}` }]) {
    for (const path of ["/2015-03-31/functions/test-Probe/invocations", "/schedules/mine", "/"]) {
      const target = { ...(path === "/" && { "x-amz-target": "AmazonSSM.GetParameter" }), ...headers };
      const refused = await fetch(host.awsUrl + path, { method: "POST", headers: target, body: "{}" });
      expect([path, refused.status, refused.headers.get("x-amzn-errortype")]).toEqual([path, 403, "UnrecognizedClientException"]);
    }
  }
});

test("each instance has an access key of its own, which ends with it", async () => {
  await serve({}, { idleMs: 100 });
  const keyOf = async () =>
    JSON.parse(((await host.invoke("Probe", '{"tellKey":true,"holdMs":50}')) as { payload: string }).payload) as string;
  const keys = await Promise.all([keyOf(), keyOf()]);
  expect(new Set([...keys, host.awsKey.accessKeyId]).size).toBe(3);
  const path = "/2015-03-31/functions/test-Nothing/invocations";
  const asks = (key: string) => fetch(host.awsUrl + path, { method: "POST", headers: signedWith(key) });
  expect((await asks(await keyOf())).status).toBe(404);
  await until("both have ended", () => host.instancesOf("Probe") === 0);
  await until("their keys have ended too", async () => (await Promise.all(keys.map(asks))).every(({ status }) => status === 403));
});

test.each(["evil.example", "evil.example:PORT", "127.0.0.1:PORT:1", "a b", "[::1", "local\u00dfhost"])(
  "a Host header that does not name this machine is 400 at every port: %j",
  async (name) => {
    await serve(httpTemplate);
    for (const url of [address, host.awsUrl]) {
      const named = name.replace("PORT", new URL(url).port);
      expect([url, await statusFor(url, "/plain/latest", named, signedWith(host.awsKey.accessKeyId))]).toEqual([url, 400]);
    }
  },
);

test.each(["127.0.0.1", "localhost", "LOCALHOST", "[::1]"])(
  "a Host header of %s is served, with this port and with one that is forwarded",
  async (name) => {
    await serve(httpTemplate);
    expect(await statusFor(address, "/plain/latest", `${name}:1`)).toBe(201);
    expect(await statusFor(address, "/plain/latest", `${name}:${new URL(address).port}`)).toBe(201);
    expect(await statusFor(address, "//", `${name}:${new URL(address).port}`)).toBe(400);
  },
);
