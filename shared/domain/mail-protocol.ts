/** What senders, pollers and the SQL functions say of messages to runs, as `protocol.ts` does. */
import type { SignalKey } from "./address.ts";
import type { Json } from "./json.ts";

/** To whom a signal goes: a run, or the one that has a business key. */
export type SignalTarget = { readonly run: string } | { readonly workflow: string; readonly key: string };

/** One `signal`. */
export type SignalRequest = SignalTarget & SignalFacts;

interface SignalFacts {
  readonly name: string;
  readonly body: Json;
  readonly id?: string;
  /** Runs of these do not take it, as their code says. */
  readonly refused?: readonly WorkflowVersion[];
  /** The body comes back from JavaScript as it is. */
  readonly checked?: true;
}

export interface WorkflowVersion {
  readonly workflow: string;
  readonly version: number;
}

/** workflow and version: of a run that is among those that do not take it. */
export interface SignalAnswer extends Partial<WorkflowVersion> {
  readonly status: "accepted" | "repeated" | "unknown" | "ended" | "full" | "refused";
  /** The run is due now, because it waits for it. */
  readonly woken: boolean;
  /** Of one by a key: the run that has it; null: it is kept for the one that will. */
  readonly run?: string | null;
}

/** One `answer_wait`. */
export interface AnswerWaitRequest {
  readonly run: string;
  /** Of the node that waits. */
  readonly path: string;
  /** Of the message, below the path. */
  readonly name: string;
  readonly body?: Json;
  /** How often the run was redriven when it was asked. */
  readonly generation?: number;
  /** Of the node, when it was asked. */
  readonly attempt?: number;
  /** Store nothing. */
  readonly look?: true;
  /** It takes the place of the last of its name, and wakes nobody. */
  readonly replaces?: true;
}

export interface AnswerWaitAnswer extends Partial<WorkflowVersion> {
  readonly status: "accepted" | "repeated" | "answered" | "superseded" | "ended" | "unknown" | "full";
  /** The run is due now, because it waits for it. */
  readonly woken: boolean;
  /** How the run has ended. */
  readonly ended?: "done" | "failed" | "cancelled";
}

/** What is known of a run's mail. */
export interface MailFacts {
  /** Keys by which it waits and that another run has. */
  readonly taken?: readonly SignalKey[] | null;
  /** The signals of which it is known. */
  readonly names: readonly string[];
  /** The oldest message of each, where there is one. */
  readonly letters: readonly LetterFacts[];
}

/** A message that no node has taken. */
export interface LetterFacts {
  readonly n: number;
  readonly name: string;
  readonly body: Json;
  readonly at: string;
}

/** A business key, as signals are sent by it. */
export interface UnclaimedKey {
  readonly workflow: string;
  /** Of the signal. */
  readonly name: string;
  readonly key: string;
}

export interface UnclaimedRequest {
  readonly limit: number;
  readonly workflow?: string;
  /** Only keys after this one. */
  readonly after?: UnclaimedKey;
}

export interface UnclaimedAnswer {
  readonly signals: readonly (UnclaimedKey & { readonly count: number; readonly oldest_at: string; readonly expires_at: string })[];
  /** Whether there are any after these. */
  readonly more: boolean;
}
