import { once } from "node:events";
import { connect } from "node:net";
import { expect, test } from "vitest";
import * as z from "zod";
import { defineWorkflow } from "../../shared/index.ts";
import { runPoller, serve } from "../../shared/node.ts";
import { createTestDatabase } from "../support/database.ts";
import { until } from "../support/until.ts";

const silent = { debug() {}, info() {}, warn() {}, error() {} };
const greet = defineWorkflow({ name: "greet", version: 1, input: z.object({ name: z.string() }) }).step(
  "greet",
  ({ input }) => `Hello ${input.name}`,
);
const confirm = defineWorkflow({ name: "confirm", version: 1, input: z.object({}) }).waitFor("verified", {
  output: z.null(),
  key: () => "ada@example.com",
  timeout: "1 day",
});
const apiKeys = [
  { name: "shop", role: "producer", key: "shop-key" },
  { name: "oncall", key: "oncall-key" },
] as const;

test("a request stores a run, the poller beside it runs it at once, and its keys may do what their roles say", async () => {
  await using database = await createTestDatabase();
  const options = { workflows: [greet], url: database.url("owner"), driver: "pg", logger: silent } as const;
  const poller = runPoller({ ...options, pollEvery: "1 hour", signals: false, maintenance: false });
  const server = await serve({ ...options, port: 0, apiKeys, nudge: poller.nudge });
  const call = (path: string, key: string, init: RequestInit = {}) =>
    fetch(server.address + path, { ...init, headers: { authorization: `Bearer ${key}`, "content-type": "application/json" } });
  const post = { method: "POST", body: JSON.stringify({ input: { name: "Ada" } }) };

  const accepted = await call("/workflows/greet/runs", "shop-key", post);
  expect(accepted.status).toBe(202);
  const { id } = (await accepted.json()) as { id: string };
  await until(
    "the run is done",
    async () => ((await (await call(`/runs/${id}`, "shop-key")).json()) as { status: string }).status === "done",
  );

  expect((await call(`/runs/${id}/cancel`, "shop-key", { method: "POST" })).status).toBe(403);
  expect((await call("/runs?limit=1", "oncall-key")).status).toBe(200);
  expect((await call("/runs", "nobody's")).status).toBe(401);
  expect((await call("/workflows/none/runs", "shop-key", post)).status).toBe(404);
  expect((await call("/workflows/greet/runs", "shop-key", { ...post, body: "{" })).status).toBe(400);
  // Without ticket keys nobody could have made a link.
  for (const path of ["/nothing", "/approvals/a-link"]) expect((await call(path, "oncall-key")).status).toBe(404);
  await server.close();
  await poller.close();
  await database.assertInvariants();
});

test("a signal is sent by a key as it is percent-encoded in the path", async () => {
  await using database = await createTestDatabase();
  const server = await serve({ workflows: [confirm], url: database.url("owner"), driver: "pg", logger: silent, port: 0, apiKeys });
  const headers = { authorization: "Bearer shop-key", "content-type": "application/json" };
  const answers = await Promise.all(
    ["ada%40example.com", "50%2525", "a%2Fb"].map((key) =>
      fetch(`${server.address}/workflows/confirm/signals/verified/${key}`, { method: "POST", headers, body: "null" }),
    ),
  );
  expect(answers.map(({ status }) => status)).toEqual([202, 202, 202]);
  const kept = await database.query("select key from baton.unclaimed order by key");
  expect(kept).toEqual([{ key: "50%25" }, { key: "a/b" }, { key: "ada@example.com" }]);
  await server.close();
});

test("when it closes it answers what is open and refuses what comes later", async () => {
  await using database = await createTestDatabase();
  const server = await serve({ workflows: [greet], url: database.url("owner"), driver: "pg", logger: silent, port: 0, apiKeys });
  const { hostname, port } = new URL(server.address);
  const open = connect(Number(port), hostname);
  await once(open, "connect");
  const body = JSON.stringify({ input: { name: "Ada" } });
  open.write(
    `POST /workflows/greet/runs HTTP/1.1\r\nhost: x\r\nauthorization: Bearer shop-key\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\nconnection: close\r\n\r\n`,
  );
  const [answered] = [once(open, "data")];
  // The server has begun with the request once it has read its head.
  await until(
    "the head was read",
    async () => (await fetch(`${server.address}/nothing`, { headers: { connection: "close" } })).status === 404,
  );
  const closing = server.close();
  open.write(body);
  expect(String((await answered)[0])).toContain("202");
  await closing;
  await expect(fetch(`${server.address}/runs`)).rejects.toThrow("fetch failed");
});
