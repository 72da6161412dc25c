import { appendFileSync, existsSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import * as z from "zod";
import { defineWorkflow } from "../../../shared/index.ts";

/** Where steps write what they did, and the file that lets them go on when it exists. */
const ledger = process.env["LAMBDA_TEST_LEDGER"] ?? "";
const gate = process.env["LAMBDA_TEST_GATE"] ?? "";
let invocations = 0;

const record = (what: string) => appendFileSync(ledger, `${what}\n`);

/** The middle step writes that it has begun, and waits for the gate. */
const held = defineWorkflow({ name: "held", version: 1, input: z.object({ n: z.int() }) })
  .step("first", ({ input }) => input.n)
  .step("middle", { timeout: "20 seconds" }, async ({ input }) => {
    record(`begin ${input.n} ${process.pid}`);
    while (!existsSync(gate)) await pause(10);
    record(`end ${input.n} ${process.pid}`);
    return { by: process.pid };
  })
  .step("last", ({ middle }) => middle.by);

/** Does nothing, and counts what its process has done. */
const quick = defineWorkflow({ name: "quick", version: 1, input: z.object({ n: z.int() }) }).step("count", ({ input }) => {
  record(`quick ${input.n}`);
  return { inThisProcess: ++invocations };
});

/** Takes a moment, and says that it may take five seconds. */
const slow = defineWorkflow({ name: "slow", version: 1, input: z.object({ n: z.int() }) }).step(
  "wait",
  { timeout: "5 seconds" },
  async ({ input }) => {
    record(`slow ${input.n}`);
    await pause(100);
    return input.n;
  },
);

export const workflows = [held, quick, slow];
