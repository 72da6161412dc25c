import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import type * as files from "node:fs/promises";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, expect, test, vi } from "vitest";
import { NonRetryableError } from "../../shared/index.ts";
import { projectFolder } from "../../test/support/project-folder.ts";
import { sourcesFrom } from "../document-pipeline/sources.ts";

/** Nothing is kept from root, as which these tests may run: one file says that it is. */
vi.mock("node:fs/promises", async (original) => {
  const real = await original<typeof files>();
  const open = (path: string) =>
    path.endsWith("kept.txt") ? Promise.reject(Object.assign(new Error("EACCES: permission denied"), { code: "EACCES" })) : real.open(path);
  return { ...real, open };
});

const { signal } = new AbortController();
const folder = projectFolder();
const [local, deployed] = [sourcesFrom({ BATON_LOCAL: "on" }), sourcesFrom({})];

/** S3 as the SDK asks for an object of it. */
let answer = (_path: string, response: ServerResponse): void => void response.end();
const s3 = createServer((request, response) => answer(request.url!, response)).listen(0, "127.0.0.1");
await once(s3, "listening");
for (const [name, value] of Object.entries({
  AWS_ENDPOINT_URL_S3: `http://127.0.0.1:${(s3.address() as AddressInfo).port}`,
  AWS_REGION: "eu-central-1",
  AWS_ACCESS_KEY_ID: "test",
  AWS_SECRET_ACCESS_KEY: "test",
}))
  vi.stubEnv(name, value);
afterAll(() => {
  s3.closeAllConnections();
  s3.close();
  vi.unstubAllEnvs();
});

const fromS3 = (url: string) => deployed["s3:"](new URL(url), signal);

test("an object comes with its type, whatever letters its key has", async () => {
  const paths: string[] = [];
  answer = (path, response) => {
    paths.push(path);
    response.writeHead(200, { "content-type": "application/pdf", "content-length": 4 }).end("%PDF");
  };
  expect(await fromS3("s3://My-Docs/a%20b/%C3%BC%23.pdf")).toEqual({ bytes: Buffer.from("%PDF"), contentType: "application/pdf" });
  expect(paths).toEqual(["/My-Docs/a%20b/%C3%BC%23.pdf?x-id=GetObject"]);
});

test.each([
  [404, "NoSuchKey", /There is no such object\. Look at the URL/],
  [404, "NoSuchBucket", /There is no such bucket\. Look at the URL/],
  [403, "AccessDenied", /Allow it s3:GetObject on the bucket/],
])("%i %s of S3 fails the run with a sentence", async (status, code, sentence) => {
  answer = (_path, response) =>
    response.writeHead(status, { "content-type": "application/xml" }).end(`<Error><Code>${code}</Code><Message>no</Message></Error>`);
  const refused = fromS3("s3://docs/a.pdf");
  await expect(refused).rejects.toBeInstanceOf(NonRetryableError);
  await expect(refused).rejects.toThrow(sentence);
});

test("an object above 20 MiB is refused before it is read", async () => {
  answer = (_path, response) => void response.writeHead(200, { "content-length": 21 * 1024 * 1024 }).write("x");
  await expect(fromS3("s3://docs/a.pdf")).rejects.toThrow(/^The document is larger than 20 MiB/);
});

test("files are read by npm start alone, and buckets by AWS alone", async () => {
  const file = pathToFileURL(join(folder, "a.txt"));
  writeFileSync(file, "here");
  expect(await local["file:"](file, signal)).toEqual({ bytes: Buffer.from("here"), contentType: null });
  await expect(deployed["file:"](file, signal)).rejects.toThrow(
    /^file:.* cannot be read\. Only npm start reads files\. Give an https: or s3: URL\.$/,
  );
  await expect(local["s3:"](new URL("s3://docs/a"), signal)).rejects.toThrow(/npm start has no S3/);
});

test("a file that is not there, a folder, and another machine's file fail the run with a sentence", async () => {
  mkdirSync(join(folder, "sub"));
  for (const url of [pathToFileURL(join(folder, "none.txt")), pathToFileURL(join(folder, "sub")), new URL("file://elsewhere/a.txt")]) {
    const refused = local["file:"](url, signal);
    await expect(refused).rejects.toBeInstanceOf(NonRetryableError);
    await expect(refused).rejects.toThrow(/ cannot be read: .*Give the URL of a file that is there\.$/);
  }
});

test("a file that may not be read fails the run with a sentence that says so", async () => {
  const refused = local["file:"](pathToFileURL(join(folder, "kept.txt")), signal);
  await expect(refused).rejects.toBeInstanceOf(NonRetryableError);
  await expect(refused).rejects.toThrow(/kept\.txt cannot be read: EACCES.*\. Let the user who runs npm start read it\.$/);
});
