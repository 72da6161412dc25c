// A poller as a process of its own: polls again and again until it is killed, by itself at a named
// point or by the test. Arguments, as one JSON text: { url, neonEndpoint, ledger, ttlMs, point,
// after, failing }
import { connect } from "../../../shared/db/connect.ts";
import { runRepository } from "../../../shared/db/run-repository.ts";
import { pollQueue } from "../../../shared/engine/poll/poll-queue.ts";
import type { RunStore } from "../../../shared/engine/ports.ts";
import { createPoller } from "../../support/poller.ts";
import { ticketKeys } from "../../support/tickets.ts";
import { familyWorkflows } from "./family-workflows.ts";
import { waitingWorkflow } from "./waiting-workflow.ts";
import { ledgerWorkflow } from "./workflow.ts";

export interface PollerProcessOptions {
  readonly url: string;
  readonly neonEndpoint: string;
  readonly ledger: string;
  /** Where links and tokens are written that are handed out. */
  readonly offers: string;
  readonly ttlMs: number;
  /** Where this process kills itself, and how many times it passes there before. */
  readonly point: "after-claim" | "after-effect" | "after-advance" | "at-random";
  readonly after: number;
  /** How many attempts in a thousand fail. */
  readonly failing: number;
}

const options = JSON.parse(process.argv[2]!) as PollerProcessOptions;
let passed = 0;

function pass(point: PollerProcessOptions["point"]): void {
  if (point === options.point && ++passed > options.after) process.kill(process.pid, "SIGKILL");
}

const database = connect(options);
const repository = runRepository(database);
const store: RunStore = {
  ...repository,
  async claim(token, request) {
    const answer = await repository.claim(token, request);
    if (answer.runs.length > 0) pass("after-claim");
    return answer;
  },
  async advance(token, round, request) {
    const answer = await repository.advance(token, round, request);
    pass("after-advance");
    return answer;
  },
};
const workflow = ledgerWorkflow({
  ledger: options.ledger,
  afterEffect: () => pass("after-effect"),
  fails: () => Math.random() * 1000 < options.failing,
});

const waiting = waitingWorkflow(options.offers, () => pass("after-effect"));
const families = familyWorkflows(options.ledger, () => pass("after-effect"));
const tickets = { keys: async () => ticketKeys, publicUrl: "https://orders.example.com" };

process.stdout.write("ready\n");
for (;;) {
  const settings = { ttlMs: options.ttlMs, batch: 40, concurrency: 20, lingerMs: 2_000 };
  await pollQueue(createPoller(database, [workflow, waiting, ...families], { store, settings, tickets }));
  await new Promise((resolve) => setTimeout(resolve, 50));
}
