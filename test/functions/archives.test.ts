import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { text } from "node:stream/consumers";
import { afterAll, expect, onTestFinished, test, vi } from "vitest";
import { archiveToFolder, archiveToS3 } from "../../shared/index.ts";

/** S3 as the SDK puts an object into it. */
let answer: (request: IncomingMessage, response: ServerResponse) => unknown = (_, response) => response.end();
const s3 = createServer((request, response) => void answer(request, response)).listen(0, "127.0.0.1");
await once(s3, "listening");
for (const [name, value] of Object.entries({
  AWS_ENDPOINT_URL_S3: `http://127.0.0.1:${(s3.address() as AddressInfo).port}`,
  AWS_REGION: "eu-central-1",
  AWS_ACCESS_KEY_ID: "test",
  AWS_SECRET_ACCESS_KEY: "test",
  AWS_MAX_ATTEMPTS: "1",
}))
  vi.stubEnv(name, value);
afterAll(() => {
  vi.unstubAllEnvs();
  s3.closeAllConnections();
  s3.close();
});

const archive = archiveToS3({ bucket: "Old.Runs", prefix: "baton/prod/" });
const batch = (signal = new AbortController().signal) => ({ name: "2026-11-23/a-b.jsonl", lines: ['{"id":"ü"}', '{"id":"2"}'], signal });

test("a batch becomes one object of JSON lines under its name, with a checksum that S3 compares", async () => {
  const puts: unknown[] = [];
  answer = async (request, response) => {
    const { method, url, headers } = request;
    puts.push([
      method,
      url,
      headers["content-type"],
      await text(request),
      Object.keys(headers).some((name) => name.startsWith("x-amz-checksum-")),
    ]);
    response.end();
  };
  await archive(batch());
  await archive(batch());
  const put = ["PUT", "/Old.Runs/baton/prod/2026-11-23/a-b.jsonl?x-id=PutObject", "application/jsonl", '{"id":"ü"}\n{"id":"2"}\n', true];
  expect(puts).toEqual([put, put]);
});

test("what S3 refuses is thrown, with the words of S3", async () => {
  answer = (_, response) => response.writeHead(403).end("<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>");
  await expect(archive(batch())).rejects.toMatchObject({ name: "AccessDenied", message: "Access Denied" });
});

test("an S3 that does not answer is left when the time is over", async () => {
  const controller = new AbortController();
  answer = () => controller.abort();
  await expect(archive(batch(controller.signal))).rejects.toMatchObject({ name: "AbortError" });
});

test("a file that could not be written whole is not in the folder, and one that was is there once", async () => {
  const folder = mkdtempSync(join(tmpdir(), "baton-archive-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const toFolder = archiveToFolder(relative(process.cwd(), folder));
  await expect(toFolder(batch(AbortSignal.abort()))).rejects.toMatchObject({ name: "AbortError" });
  expect(readdirSync(join(folder, "2026-11-23"))).toEqual([]);
  await Promise.all([toFolder(batch()), toFolder(batch())]);
  expect(readdirSync(join(folder, "2026-11-23"))).toEqual(["a-b.jsonl"]);
});

test("an archive needs the path of a folder", () => {
  for (const none of ["", " "])
    expect(() => archiveToFolder(none)).toThrow("Give archiveToFolder the path of a folder; it was given none.");
});
