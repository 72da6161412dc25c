import * as z from "zod";
import { withClient } from "../../infra/migrate/connection.ts";
import { testRuntime } from "../../infra/testing.ts";
import { defineWorkflow } from "../../shared/index.ts";

// Tests once on an embedded server, says where its data lies, and ends, or stays until it is
// killed.
delete process.env["TEST_DATABASE_URL"];
const greet = defineWorkflow({ name: "greet", version: 1, input: z.object({}) }).step("say", () => "hello");
const t = await testRuntime({ workflows: [greet] });
const run = await t.enqueue(greet, {});
await t.idle();
const { status } = await t.run(run);
const [at] = await withClient(t.url, async (client) => (await client.query<{ data_directory: string }>("show data_directory")).rows);
await t[Symbol.asyncDispose]();
console.log(JSON.stringify({ status, dataDir: at!.data_directory }));
if (process.argv[2] === "stay") setInterval(() => undefined, 60_000);
