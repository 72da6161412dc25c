import type { Database } from "../../shared/db/database.ts";
import { runRepository } from "../../shared/db/run-repository.ts";
import type { Logger } from "../../shared/domain/node.ts";
import type { ApprovalTicket, CallbackTicket } from "../../shared/domain/ticket.ts";
import type { AnyWorkflow } from "../../shared/domain/workflow-types.ts";
import type { TicketOffice } from "../../shared/engine/poll/hand-out.ts";
import { beat, complete, decide, fail, type WaitAnswerer } from "../../shared/engine/produce/answer-wait.ts";
import type { TestRuntime } from "./runtime.ts";
import type { StoppedClock } from "./stopped-clock.ts";

/** What others say to runs in a test. */
export type Answers = Pick<TestRuntime, "approve" | "complete" | "failCallback" | "heartbeat">;

/** Signs links and tokens of tests, which nobody serves. */
export const office: TicketOffice = {
  keys: () => Promise.resolve([{ id: "test", secret: "signs-nothing-but-links-of-tests" }]),
  publicUrl: "https://baton.invalid",
};

interface Answering {
  /** As the owner. */
  readonly database: Database;
  readonly workflows: readonly AnyWorkflow[];
  readonly clock: StoppedClock;
  readonly logger: Logger;
}

const GENERATION = "select count(*)::int as n from baton.redrive where run_id = $1";
const ATTEMPT = "select count(*)::int + 1 as n from baton.failure where run_id = $1 and node = $2";

/** Answers as those do who have a link or a token: with what was asked last. */
export function answersTo({ database, workflows, clock, logger }: Answering): Answers {
  const answerer: WaitAnswerer = { queue: runRepository(database), workflows, clock, logger, random: () => 1 };
  const count = async (text: string, values: readonly unknown[]) => (await database.query<{ n: number }>(text, values))[0]!.n;
  const expires = Infinity;
  const link = async (run: string, path: string, choice: string): Promise<ApprovalTicket> => {
    return { kind: "approval", run, path, choice, expires, generation: await count(GENERATION, [run]) };
  };
  const token = async (run: string, path: string): Promise<CallbackTicket> => {
    return { kind: "callback", run, path, expires, attempt: await count(ATTEMPT, [run, path]) };
  };
  return {
    approve: async (id, path, choice, { by = null, comment = null } = {}) => {
      await decide(answerer, await link(id, path, choice), { by, comment });
    },
    complete: async (id, path, output) => void (await complete(answerer, await token(id, path), output)),
    failCallback: async (id, path, { name = "Error", message = "The test says so.", retryable = true } = {}) => {
      await fail(answerer, await token(id, path), { name, message, retryable });
    },
    heartbeat: async (id, path, note = null) => void (await beat(answerer, await token(id, path), note)),
  };
}
