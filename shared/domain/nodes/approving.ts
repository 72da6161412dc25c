import { attempting } from "../author.ts";
import type { Letter } from "../mail.ts";
import type { HandlerNode, State } from "../node.ts";
import { indexBytes, indexOf, indexText } from "../parts.ts";
import type { Move, Owner } from "../moves.ts";
import {
  isRow,
  later,
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
import { ATONCE, deadlineOf, isUntil, untilPath, wakeDeadline, type Deadline } from "./deadline.ts";

/** Below the node: the links of a generation are out. */
export const ASKED = "~asked";
const DECISION = "~decision";
/** The decision of one that nobody made. */
export const EXPIRED = "expired";
/** The length of the longest path of its rows and messages, below the node. */
export const approvalBytes = DECISION.length + indexBytes;

export const holdsOfApproving = (below: string): boolean => below === "" || isUntil(below) || isAsked(below);
const isAsked = (below: string) => below.startsWith(`${ASKED}/`) && indexOf(below, ASKED.length + 1) >= 0;

/** The name of the message with a decision. */
export function decisionName(path: string, generation: number): string {
  return `${path}/${DECISION}/${indexText(generation)}`;
}

/** That by which others answer who was asked at a path. */
export function answerTo(path: string): string {
  const end = path.lastIndexOf(`/${ASKED}/`);
  return decisionName(path.slice(0, end), Number(path.slice(-indexBytes + 1)));
}

/** The body of that message. */
export interface DecisionBody {
  readonly decision: string;
  readonly by: string | null;
  readonly comment: string | null;
}

/** What a node asks for. */
interface Wanted {
  readonly choices: readonly string[];
  readonly timeoutOf: (state: State) => number;
  /** Sends the links. */
  readonly asking: HandlerNode;
}

interface Stored {
  readonly tries: Tries;
  readonly deadline: Deadline | undefined;
  /** Of the generation that was asked last: what failed of asking, and whether it is done. */
  readonly asked: { readonly index: number; readonly tries: Tries; readonly isDone: boolean };
  readonly bytes: number;
}

export function beginApproving(path: string, wanted: Wanted): Standing {
  return new Approving(path, wanted, {
    tries: noTries,
    deadline: undefined,
    asked: { index: -1, tries: noTries, isDone: false },
    bytes: 0,
  });
}

/** An approval that has no decision yet. */
class Approving implements Standing {
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
    return later(this.stored.tries.fatal, this.stored.asked.tries.fatal);
  }

  get bytes(): number {
    return this.stored.bytes;
  }

  private with(more: Partial<Stored>): Approving {
    return new Approving(this.path, this.wanted, { ...this.stored, ...more });
  }

  take(path: string, fact: Fact): Standing {
    const below = path.slice(this.path.length + 1);
    if (path === this.path) return isRow(fact) ? new Over(fact.output, fact.bytes) : this.with({ tries: fact });
    if (isAsked(below)) return this.takeAsked(indexOf(below, ASKED.length + 1), fact);
    if (!isRow(fact) || !isUntil(below)) return new Stray(path);
    const deadline = deadlineOf(below, fact);
    // A deadline is told again once the database has said when.
    const isNew = deadline.index !== this.stored.deadline?.index;
    return this.with({ deadline, bytes: this.stored.bytes + (isNew ? fact.bytes : 0) });
  }

  private takeAsked(index: number, fact: Fact): Standing {
    if (isRow(fact)) return this.with({ asked: { index, tries: noTries, isDone: true }, bytes: this.stored.bytes + fact.bytes });
    return this.with({ asked: { index, tries: fact, isDone: index === this.stored.asked.index && this.stored.asked.isDone } });
  }

  wake(now: number): Standing {
    const { tries, deadline, asked } = this.stored;
    const woken = { tries: wakeTries(tries, now), deadline: wakeDeadline(deadline, now), ofAsk: wakeTries(asked.tries, now) };
    if (woken.tries === tries && woken.deadline === deadline && woken.ofAsk === asked.tries) return this;
    return this.with({ tries: woken.tries, deadline: woken.deadline, asked: { ...asked, tries: woken.ofAsk } });
  }

  look(scene: Scene): Look {
    const generation = scene.redrives();
    const { deadline } = this.stored;
    const names = [decisionName(this.path, generation)];
    const letter = scene.mail().first(names);
    if (letter !== undefined) return { moves: [this.read(letter)] };
    if (deadline?.index !== generation) return { moves: [this.beginToWait(scene, generation)] };
    if (!deadline.isOver) return { ...this.ask(scene, deadline, names), names };
    // A decision may have come since its poller was told.
    if (!scene.mail().knows(names, deadline.until)) return { moves: [], names, overdue: deadline.until };
    return { moves: [this.expire(deadline, names)] };
  }

  private get owner(): Owner {
    return { path: this.path, tries: this.stored.tries };
  }

  private beginToWait(scene: Scene, generation: number): Move {
    return attempting(this.owner, () => {
      const durationMs = this.wanted.timeoutOf(scene.state());
      return { do: "sleep", path: untilPath(this.path, generation), attempt: 0, durationMs };
    });
  }

  /** The links are sent, unless they are out; a decision may come before. */
  private ask(scene: Scene, { index: generation, until }: Deadline, names: readonly string[]): Look {
    const { asked } = this.stored;
    const { choices, asking: node } = this.wanted;
    const { isDone, tries } = asked.index === generation ? asked : { isDone: false, tries: noTries };
    if (isDone) return { moves: [], until };
    if (tries.notBefore !== undefined) return { moves: [], until: Math.min(until, tries.notBefore) };
    if (!scene.mail().knows(names)) return { moves: [], overdue: ATONCE };
    const path = `${this.path}/${ASKED}/${indexText(generation)}`;
    const offer = { kind: "approval", path: this.path, generation, choices, expires: Math.floor(until) } as const;
    const attempt = tries.failures + 1;
    return { moves: [{ do: "attempt", path, node, attempt, forgiven: tries.forgiven, state: () => scene.state(), offer }], until };
  }

  private read({ n, body, at }: Letter): Move {
    const { path, owner } = this;
    const { decision, by, comment } = body as unknown as DecisionBody;
    if (!this.wanted.choices.includes(decision))
      return { do: "refuse", owner, consumes: [n], thrown: new TypeError(`"${decision}" is none of the choices of "${path}"`) };
    const output = { decision, by, at: new Date(at).toISOString(), comment };
    return { do: "store", path, output, owner, attempt: owner.tries.failures + 1, consumes: [n] };
  }

  private expire({ text: at }: Deadline, timedOut: readonly string[]): Move {
    const { path, owner } = this;
    const output = { decision: EXPIRED, by: null, at, comment: null };
    return { do: "store", path, output, owner, attempt: owner.tries.failures + 1, timedOut };
  }
}
