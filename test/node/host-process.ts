// A resident poller in a process of its own: its step says that it began, and waits for SIGUSR2.
import * as z from "zod";
import { once } from "node:events";
import { defineWorkflow } from "../../shared/index.ts";
import { runPoller } from "../../shared/node.ts";

const [, , url, grace] = process.argv;
const say = (line: string) => void process.stdout.write(`${line}\n`);

const held = defineWorkflow({ name: "held", version: 1, input: z.object({}) })
  .step("hold", async (_state, { attempt }) => {
    say(`began ${attempt}`);
    await once(process, "SIGUSR2");
    return "let go";
  })
  .step("after", () => "after");

const silent = { debug() {}, info() {}, warn() {}, error() {} };
await runPoller({ workflows: [held], url, driver: "pg", logger: silent, ...(grace && { grace: grace as `${number} seconds` }) }).closed;
say("closed");
