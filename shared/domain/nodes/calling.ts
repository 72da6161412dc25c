import { attempting } from "../author.ts";
import { checkJson, type Json } from "../json.ts";
import type { Letter } from "../mail.ts";
import type { HandlerNode } from "../node.ts";
import { indexBytes, indexOf, indexText } from "../parts.ts";
import type { AttemptMove, LoseMove, Move } from "../moves.ts";
import {
  isRow,
  noTries,
  Over,
  Stray,
  wakeTries,
  type Fact,
  type Fatal,
  type Look,
  type Scene,
  type Standing,
  type Tries,
} from "../standing.ts";
import type { JsonSchema } from "../workflow-types.ts";
import { ATONCE, deadlineOf, isUntil, untilBytes, untilPath, wakeDeadline, type Deadline } from "./deadline.ts";

/** Below the node: the token of an attempt is out. */
export const BEGUN = "~begun";
/** The length of the longest path of its rows and messages, below the node. */
export const untilBytesOfCalling = Math.max(untilBytes, "~callback".length + indexBytes);

export const holdsOfCalling = (below: string): boolean => below === "" || isUntil(below) || isBegun(below);
const isBegun = (below: string) => below.startsWith(`${BEGUN}/`) && indexOf(below, BEGUN.length + 1) > 0;

/** The names of the messages that end or prolong an attempt. */
export function namesOf(path: string, attempt: number): { readonly answer: string; readonly beat: string } {
  return { answer: `${path}/~callback/${indexText(attempt)}`, beat: `${path}/~beat/${indexText(attempt)}` };
}

/** What came back of an outside system: the body of a message. */
export type CallbackAnswer =
  { readonly output: Json } | { readonly error: { readonly name?: string; readonly message: string }; readonly retryable: boolean };

/** What a node asks for. */
interface Wanted {
  readonly node: HandlerNode;
  readonly output: JsonSchema;
  readonly timeoutMs: number;
  readonly heartbeatMs: number | undefined;
}

interface Stored {
  readonly tries: Tries;
  readonly deadline: Deadline | undefined;
  /** The last attempt whose token is out; 0: none. */
  readonly begun: number;
  readonly bytes: number;
  /** By the database's clock; where there is no heartbeat it says nothing. */
  readonly now: number;
}

export function beginCalling(path: string, wanted: Wanted): Standing {
  return new Calling(path, wanted, { tries: noTries, deadline: undefined, begun: 0, bytes: 0, now: -Infinity });
}

/** A callback that has no output yet. */
class Calling implements Standing {
  readonly output = undefined;
  private readonly path: string;
  private readonly wanted: Wanted;
  private readonly stored: Stored;

  constructor(path: string, wanted: Wanted, stored: Stored) {
    this.path = path;
    this.wanted = wanted;
    this.stored = stored;
  }

  get fatal(): Fatal | undefined {
    return this.stored.tries.fatal;
  }

  get bytes(): number {
    return this.stored.bytes;
  }

  private with(more: Partial<Stored>): Calling {
    return new Calling(this.path, this.wanted, { ...this.stored, ...more });
  }

  take(path: string, fact: Fact): Standing {
    const below = path.slice(this.path.length + 1);
    if (path === this.path) return isRow(fact) ? new Over(fact.output, fact.bytes) : this.with({ tries: fact });
    if (!isRow(fact) || !holdsOfCalling(below)) return new Stray(path);
    const bytes = this.stored.bytes + fact.bytes;
    if (!isUntil(below)) return this.with({ begun: indexOf(below, BEGUN.length + 1), bytes });
    const deadline = deadlineOf(below, fact);
    // It is told again once the database has said when.
    return this.with(deadline.index === this.stored.deadline?.index ? { deadline } : { deadline, bytes });
  }

  wake(now: number): Standing {
    const tries = wakeTries(this.stored.tries, now);
    const deadline = wakeDeadline(this.stored.deadline, now);
    const isTimed = this.wanted.heartbeatMs !== undefined && now !== this.stored.now;
    if (tries === this.stored.tries && deadline === this.stored.deadline && !isTimed) return this;
    return this.with({ tries, deadline, ...(isTimed && { now }) });
  }

  private get attempt(): number {
    return this.stored.tries.failures + 1;
  }

  look(scene: Scene): Look {
    const { path, attempt } = this;
    const { tries, deadline, begun } = this.stored;
    if (tries.notBefore !== undefined) return { moves: [], until: tries.notBefore };
    // What others say counts once the handler has come back.
    if (scene.isOut(path)) return { moves: [this.start(scene)] };
    const { answer, beat } = namesOf(path, attempt);
    const names = this.wanted.heartbeatMs === undefined ? [answer] : [answer, beat];
    const letter = scene.mail().first([answer]);
    if (letter !== undefined) return { moves: [this.read(letter, scene.mail().first([beat]))] };
    if (deadline?.index !== attempt)
      return { moves: [{ do: "sleep", path: untilPath(path, attempt), attempt: 0, durationMs: this.wanted.timeoutMs }] };
    if (deadline.isOver) return this.expire(scene, names, deadline.until, new CallbackTimeoutError(path, attempt));
    // One of before a crash may have been answered.
    if (begun < attempt && !scene.mail().knows(names)) return { moves: [], names, overdue: ATONCE };
    if (begun < attempt) return { moves: [this.start(scene)], until: deadline.until, names };
    return this.listen(scene, names, deadline);
  }

  private start(scene: Scene): AttemptMove {
    const { path, attempt, wanted } = this;
    const { tries, deadline } = this.stored;
    const offer = { kind: "callback", path, attempt, expires: Math.floor(deadline!.until) } as const;
    return { do: "attempt", path, node: wanted.node, attempt, forgiven: tries.forgiven, state: () => scene.state(), offer };
  }

  /** The token is out. */
  private listen(scene: Scene, names: readonly string[], { until }: Deadline): Look {
    const { heartbeatMs, timeoutMs } = this.wanted;
    if (heartbeatMs === undefined) return { moves: [], until, names };
    const last = scene.mail().first(names);
    const due = Math.max(until - timeoutMs, last?.at ?? -Infinity) + heartbeatMs;
    if (due > this.stored.now) return { moves: [], until: Math.min(until, due), names };
    return this.expire(scene, names, due, new HeartbeatMissedError(this.path, this.attempt), last);
  }

  /** Something may have come since its poller was told. */
  private expire(scene: Scene, names: readonly string[], by: number, thrown: Error, last = scene.mail().first(names)): Look {
    if (!scene.mail().knows(names, by)) return { moves: [], names, overdue: by };
    return { moves: [this.lose(thrown, true, last === undefined ? [] : [last.n], names)] };
  }

  private lose(thrown: unknown, retryable: boolean, consumes: readonly number[], timedOut?: readonly string[]): LoseMove {
    const { path, attempt, wanted, stored } = this;
    return { do: "lose", path, node: wanted.node, attempt, forgiven: stored.tries.forgiven, thrown, retryable, consumes, timedOut };
  }

  private read({ n, body }: Letter, beat: Letter | undefined): Move {
    const { path, attempt, wanted, stored } = this;
    const owner = { path, tries: stored.tries };
    const consumes = beat === undefined ? [n] : [n, beat.n];
    const answer = body as CallbackAnswer;
    if ("error" in answer) return this.lose(new CallbackFailedError(path, answer.error), answer.retryable, consumes);
    return attempting(owner, () => {
      const parsed = wanted.output.safeParse(answer.output);
      if (!parsed.success) return this.lose(new CallbackRefusedError(path, parsed.error), true, consumes);
      return { do: "store", path, output: checkJson(parsed.data), owner, attempt, consumes };
    });
  }
}

/** No answer came in time: the attempt has failed, and is retried by policy. */
export class CallbackTimeoutError extends Error {
  override readonly name = "CallbackTimeoutError";
  readonly node: string;
  readonly attempt: number;

  constructor(node: string, attempt: number) {
    super(
      `Attempt ${attempt} of "${node}" was not completed within its timeout: raise the timeout, or look at the system that has its token.`,
    );
    this.node = node;
    this.attempt = attempt;
  }
}

/** No heartbeat came in time: the attempt has failed, and is retried by policy. */
export class HeartbeatMissedError extends Error {
  override readonly name = "HeartbeatMissedError";
  readonly node: string;
  readonly attempt: number;

  constructor(node: string, attempt: number) {
    super(
      `Attempt ${attempt} of "${node}" has sent no heartbeat in time: the system that has its token has stopped, or must send more often.`,
    );
    this.node = node;
    this.attempt = attempt;
  }
}

/** The outside system said that it failed. */
export class CallbackFailedError extends Error {
  readonly node: string;

  constructor(node: string, { name = "CallbackFailedError", message }: { readonly name?: string; readonly message: string }) {
    super(message);
    this.name = name;
    this.node = node;
  }
}

/** What the outside system sent is refused by the node's schema: the attempt has failed. */
export class CallbackRefusedError extends Error {
  override readonly name = "CallbackRefusedError";
  readonly node: string;

  constructor(node: string, cause: Error) {
    super(`"${node}" was completed with an output that its schema refuses: ${cause.message}`, { cause });
    this.node = node;
  }
}
