import { InvalidAnswerError, RunNotFoundError, WaitOverError } from "../engine/producer-errors.ts";
import { sentencePage } from "./approval-page.ts";
import { isOfProgram } from "./approval-request.ts";
import type { HttpAnswer, HttpEvent } from "./http-event.ts";
import { Problem, type ProblemKind } from "./problem.ts";
import { TicketRefusedError } from "./ticket-request.ts";

/** A problem of a link or a token that nothing can be answered with. */
class DeadTicketProblem extends Problem {
  /** What a person is told, who knows nothing of tokens and runs. */
  readonly sentence: string;

  constructor(kind: ProblemKind, detail: string, sentence: string) {
    super(kind, detail);
    this.sentence = sentence;
  }
}

/** The problem that an error of an answer stands for; others as they are. */
export function problemOfAnswer(thrown: unknown): unknown {
  if (thrown instanceof TicketRefusedError) return refusal(thrown);
  if (thrown instanceof WaitOverError) return new DeadTicketProblem("wait-over", thrown.message, overSentence(thrown));
  if (thrown instanceof RunNotFoundError)
    return new DeadTicketProblem("unknown-run", "No run has this id.", "What this link belongs to is not kept any more.");
  if (!(thrown instanceof InvalidAnswerError)) return thrown;
  return new Problem("invalid-body", "Correct what is listed under errors and send the answer again; nothing of it was stored.", {
    errors: thrown.issues,
  });
}

function refusal({ reason, message }: TicketRefusedError): Problem {
  return reason === "expired"
    ? new DeadTicketProblem("ticket-expired", message, "This link has expired, so nothing can be chosen with it any more.")
    : // It gives nothing away, not even whether something of the link was right.
      new DeadTicketProblem("unknown-ticket", message, "This link is not one of ours, or not all of it was copied.");
}

const overBecause: Readonly<Record<WaitOverError["reason"], string>> = {
  answered: "This was decided before, so nothing can be chosen with this link any more.",
  superseded: "This was asked anew since: please take the link of the latest message.",
  ended: "There is nothing left to decide here.",
};

function overSentence({ reason, ended }: WaitOverError): string {
  return ended === "cancelled" ? "What asked for this was cancelled, so there is nothing left to decide." : overBecause[reason];
}

/** A link that nothing can be chosen with any more is gone, whatever the reason. */
const GONE = 410;
const trouble = "That did not work just now. Please try again in a moment.";

/** The page that says a problem to a person; undefined for programs and callbacks. */
export function pageOfProblem(problem: Problem, event: HttpEvent): HttpAnswer | undefined {
  if (!event.rawPath?.startsWith("/approvals/") || isOfProgram(event)) return undefined;
  if (problem instanceof DeadTicketProblem) return sentencePage(GONE, problem.sentence);
  const isTrouble = problem.status >= 500 || problem.status === 429;
  return sentencePage(problem.status, isTrouble ? trouble : problem.message, problem.headers);
}
