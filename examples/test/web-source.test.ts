import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:https";
import type { ServerResponse } from "node:http";
import type { AddressInfo, LookupFunction } from "node:net";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { NonRetryableError, RetryAfterError } from "../../shared/index.ts";
import { projectFolder } from "../../test/support/project-folder.ts";
import { maxBytes } from "../document-pipeline/fetched.ts";
import { isPublic, lookupPublic } from "../document-pipeline/public-address.ts";
import { webSource } from "../document-pipeline/web-source.ts";

const { signal } = new AbortController();
const folder = projectFolder();
const [keyFile, certFile] = [join(folder, "key.pem"), join(folder, "cert.pem")];
const names = ["-subj", "/CN=docs.test", "-addext", "subjectAltName=DNS:docs.test"];
execFileSync(
  "openssl",
  [
    "req",
    "-x509",
    "-newkey",
    "ec",
    "-pkeyopt",
    "ec_paramgen_curve:P-256",
    "-nodes",
    "-days",
    "2",
    ...names,
    "-keyout",
    keyFile,
    "-out",
    certFile,
  ],
  { stdio: "ignore" },
);
const ca = readFileSync(certFile);

let answer = (_path: string, response: ServerResponse): void => void response.end();
const server = createServer({ key: readFileSync(keyFile), cert: ca }, (request, response) => answer(request.url!, response)).listen(
  0,
  "127.0.0.1",
);
await once(server, "listening");
afterAll(() => {
  server.closeAllConnections();
  server.close();
});
const origin = `https://docs.test:${(server.address() as AddressInfo).port}`;
const toThisServer: LookupFunction = (_host, _options, callback) => callback(null, [{ address: "127.0.0.1", family: 4 }]);

/** Fetches from the server of this test, which is at a private address. */
const fetch = (path: string) => webSource({ ca, lookup: toThisServer })(new URL(path, origin), signal);

test("the bytes come as they were sent, with their type", async () => {
  answer = (_path, response) => response.writeHead(200, { "content-type": "text/plain; charset=iso-8859-1" }).end(Buffer.from([0xe4]));
  expect(await fetch("/a")).toEqual({ bytes: Buffer.from([0xe4]), contentType: "text/plain; charset=iso-8859-1" });
});

test("five redirects are followed, relative ones too, and no sixth", async () => {
  const left = (path: string) => Number(path.slice(1));
  answer = (path, response) =>
    left(path) === 0 ? response.end("there") : response.writeHead(302, { location: `/${left(path) - 1}` }).end();
  expect(Buffer.from((await fetch("/5")).bytes).toString()).toBe("there");
  await expect(fetch("/6")).rejects.toThrow(/\/6 leads on more than 5 times\. Give the URL/);
});

test.each([
  "http://docs.test/",
  "file:///etc/passwd",
  "https://127.0.0.1/",
  "https://[::ffff:10.0.0.1]/",
  "https://169.254.169.254/latest",
])("a redirect to %s is not followed", async (location) => {
  answer = (_path, response) => response.writeHead(301, { location }).end();
  await expect(fetch("/")).rejects.toBeInstanceOf(NonRetryableError);
  await expect(fetch("/")).rejects.toThrow(/which is not https|no address of the internet/);
});

test("a file above 20 MiB is refused, whether its length is announced or not", async () => {
  answer = (_path, response) => void response.writeHead(200, { "content-length": maxBytes + 1 }).write("x");
  await expect(fetch("/")).rejects.toThrow(/^The document is larger than 20 MiB/);
  answer = (_path, response) => {
    const pour = (): void => void (!response.destroyed && response.write(Buffer.alloc(1024 * 1024), pour));
    pour();
  };
  await expect(fetch("/")).rejects.toThrow(/^The document is larger than 20 MiB/);
});

test.each([
  [404, "NonRetryableError", /was answered with 404\. Give a URL/],
  [401, "NonRetryableError", /was answered with 401\. Give a URL/],
  [429, "RetryAfterError", /was answered with 429\./],
  [503, "Error", /was answered with 503\. It is asked again\./],
])("%i is a %s", async (status, name, message) => {
  answer = (_path, response) => response.writeHead(status, { "retry-after": "7" }).end();
  const thrown: unknown = await fetch("/").catch((error: unknown) => error);
  expect((thrown as Error).name).toBe(name);
  expect((thrown as Error).message).toMatch(message);
  if (thrown instanceof RetryAfterError) expect(thrown.after).toBe("7 seconds");
});

test("what was packed although it was asked for as it is is no document", async () => {
  answer = (_path, response) => response.writeHead(200, { "content-encoding": "gzip" }).end("?");
  await expect(fetch("/")).rejects.toThrow(/was sent as gzip, though it was asked for as it is\. Give another copy of it\.$/);
});

test("what ends before its length does is no document", async () => {
  answer = (_path, response) => {
    response.writeHead(200, { "content-length": 10 }).write("half");
    setImmediate(() => response.destroy());
  };
  const thrown: unknown = await fetch("/").catch((error: unknown) => error);
  expect(thrown).not.toBeInstanceOf(NonRetryableError);
  expect(thrown).toMatchObject({ code: "ECONNRESET" });
});

test("an aborted attempt ends the request", async () => {
  const [attempt, asked] = [new AbortController(), Promise.withResolvers<undefined>()];
  answer = () => asked.resolve(undefined);
  const fetching = webSource({ ca, lookup: toThisServer })(new URL(origin), attempt.signal);
  await asked.promise;
  attempt.abort();
  await expect(fetching).rejects.toMatchObject({ name: "AbortError" });
});

test.each([
  "127.0.0.1",
  "10.1.2.3",
  "172.31.0.1",
  "192.168.1.1",
  "169.254.169.254",
  "100.64.0.1",
  "0.0.0.0",
  "224.0.0.1",
  "255.255.255.255",
])("%s is not public", (address) => expect(isPublic(address)).toBe(false));
test.each(["::1", "::", "fe80::1", "fd00::1", "::ffff:127.0.0.1", "64:ff9b::a00:1", "2002:7f00:1::", "2001:0:1::", "ff02::1"])(
  "%s is not public",
  (address) => expect(isPublic(address)).toBe(false),
);
test.each(["1.1.1.1", "172.32.0.1", "100.128.0.1", "2606:4700::1111", "2a00:1450::1"])("%s is public", (address) =>
  expect(isPublic(address)).toBe(true),
);

test.each(["https://localhost/", "https://127.1/", "https://2130706433/", "https://[::1]/", "https://0x7f.1/"])(
  "%s is never asked",
  async (url) => {
    const asked = webSource({ ca })(new URL(url), signal);
    await expect(asked).rejects.toBeInstanceOf(NonRetryableError);
    await expect(asked).rejects.toThrow(
      /which is no address of the internet, so nothing is fetched from it\. Give a URL that anybody may open\.$/,
    );
  },
);

test("a name with several addresses is refused if one of them is private", async () => {
  const { promise, resolve } = Promise.withResolvers<Error | null>();
  lookupPublic("localhost", { all: true }, resolve);
  expect(await promise).toBeInstanceOf(NonRetryableError);
});
