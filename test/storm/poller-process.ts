// A poller as a process of its own: invocation after invocation until it is killed.
// Its argument, as JSON: PollerOptions.
import { setTimeout as pause } from "node:timers/promises";
import { connect, type ConnectOptions } from "../../shared/db/connect.ts";
import { pollQueue } from "../../shared/engine/poll/poll-queue.ts";
import { createPoller } from "../support/poller.ts";
import { ticketKeys } from "../support/tickets.ts";
import { stormFamilies } from "./families.ts";
import { stormWorkflow } from "./workflow.ts";

export interface PollerOptions {
  readonly connection: ConnectOptions;
  readonly ledger: string;
  readonly ttlMs: number;
}

const INVOCATION_MS = 60_000;

const { connection, ledger, ttlMs } = JSON.parse(process.argv[2]!) as PollerOptions;
const database = connect(connection);
const workflows = [stormWorkflow(ledger), ...stormFamilies(ledger)];
const memory = { low: {} };
const tickets = { keys: async () => ticketKeys, publicUrl: "https://orders.example.com" };
const settings = { ttlMs, batch: 30, concurrency: 20, lingerMs: 1_000 };

for (;;) {
  const end = performance.now() + INVOCATION_MS;
  const remainingMs = (): number => end - performance.now();
  const invocation = pollQueue(createPoller(database, workflows, { settings, memory, tickets, remainingMs }));
  // An outage ends an invocation, and the next one begins soon.
  await invocation.catch(() => undefined);
  await pause(50);
}
