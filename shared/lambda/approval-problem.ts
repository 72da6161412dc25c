import { WaitOverError } from "../engine/producer-errors.ts";
import { sentencePage } from "./approval-page.ts";
import { isOfProgram } from "./approval-request.ts";
import type { HttpAnswer, HttpEvent } from "./http-event.ts";
import type { Problem, ProblemKind } from "./problem.ts";

/** A link that nothing can be chosen with any more is gone, whatever the reason. */
const GONE = 410;

const sentences: Partial<Record<ProblemKind, string>> = {
  // Gives nothing away: not even whether something of it was right.
  "unknown-ticket": "This link is not one of ours, or not all of it was copied.",
  "ticket-expired": "This link has expired, so nothing can be chosen with it any more.",
  "unknown-run": "What this link belongs to is not kept any more.",
};

const overBecause: Readonly<Record<WaitOverError["reason"], string>> = {
  answered: "This was decided before, so nothing can be chosen with this link any more.",
  superseded: "This was asked anew since: please take the link of the latest message.",
  ended: "There is nothing left to decide here.",
};

const trouble = "That did not work just now. Please try again in a moment.";

/** The page that says a problem to a person; undefined for programs and callbacks. */
export function approvalPage(problem: Problem, thrown: unknown, event: HttpEvent): HttpAnswer | undefined {
  if (!event.rawPath?.startsWith("/approvals/") || isOfProgram(event)) return undefined;
  const gone = thrown instanceof WaitOverError ? overSentence(thrown) : sentences[problem.kind];
  if (gone !== undefined) return sentencePage(GONE, gone);
  return sentencePage(problem.status, problem.status < 500 && problem.status !== 429 ? problem.message : trouble, problem.headers);
}

function overSentence({ reason, ended }: WaitOverError): string {
  return ended === "cancelled" ? "What asked for this was cancelled, so there is nothing left to decide." : overBecause[reason];
}
