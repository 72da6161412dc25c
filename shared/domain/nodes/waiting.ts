import { addressOf, checkKey } from "../address.ts";
import { attempting, storing } from "../author.ts";
import { checkJson, type Json } from "../json.ts";
import type { Letter } from "../mail.ts";
import type { State } from "../node.ts";
import type { Move, Owner } from "../moves.ts";
import {
  isRow,
  noTries,
  Over,
  Stray,
  wakeTries,
  type Fact,
  type Fatal,
  type Look,
  type Row,
  type Scene,
  type Standing,
  type Tries,
} from "../standing.ts";
import type { JsonSchema } from "../workflow-types.ts";
import { deadlineOf, isUntil, untilPath, wakeDeadline, type Deadline } from "./deadline.ts";

/** Below the node: by which key. */
export const KEY = "~key";

/** What a node waits for. */
export interface Wanted {
  readonly form: "one" | "any" | "all";
  readonly schemas: ReadonlyMap<string, JsonSchema>;
  readonly keyOf: ((state: State) => unknown) | undefined;
  readonly timeoutOf: (state: State) => number;
  readonly onTimeout: "fail" | "continue";
}

/** What of a wait is stored. */
interface Stored {
  readonly tries: Tries;
  readonly key: Row | undefined;
  readonly deadline: Deadline | undefined;
  /** Of several that all are awaited, those that came. */
  readonly came: ReadonlyMap<string, Row>;
}

/** A node that waits for signals. */
export class Waiting implements Standing {
  readonly output = undefined;
  private readonly path: string;
  private readonly wanted: Wanted;
  private readonly stored: Stored;

  private constructor(path: string, wanted: Wanted, stored: Stored) {
    this.path = path;
    this.wanted = wanted;
    this.stored = stored;
  }

  static begin(path: string, wanted: Wanted): Waiting {
    return new Waiting(path, wanted, { tries: noTries, key: undefined, deadline: undefined, came: new Map() });
  }

  private get awaited(): string[] {
    return [...this.wanted.schemas.keys()].filter((name) => !this.stored.came.has(name));
  }

  /** The same with their key, as it is stored. */
  private get addresses(): string[] {
    const key = this.stored.key?.output as string | undefined;
    return this.awaited.map((name) => addressOf(name, key));
  }

  /** All that are awaited, with the last. */
  private together(last: string, payload: Json): Json {
    const { came } = this.stored;
    return Object.fromEntries([...this.wanted.schemas.keys()].map((name) => [name, name === last ? payload : came.get(name)!.output]));
  }

  get fatal(): Fatal | undefined {
    return this.stored.tries.fatal;
  }

  get bytes(): number {
    const { came, key, deadline } = this.stored;
    return [...came.values()].reduce((sum, { bytes }) => sum + bytes, (key?.bytes ?? 0) + (deadline?.bytes ?? 0));
  }

  private with(more: Partial<Stored>): Waiting {
    return new Waiting(this.path, this.wanted, { ...this.stored, ...more });
  }

  take(path: string, fact: Fact): Standing {
    if (path === this.path) return isRow(fact) ? new Over(fact.output, fact.bytes) : this.with({ tries: fact });
    const below = path.slice(this.path.length + 1);
    if (!isRow(fact)) return new Stray(path);
    if (isUntil(below)) return this.with({ deadline: deadlineOf(below, fact) });
    if (below === KEY) return this.with({ key: fact });
    return this.wanted.schemas.has(below) ? this.with({ came: new Map([...this.stored.came, [below, fact]]) }) : new Stray(path);
  }

  wake(atTime: number): Standing {
    const tries = wakeTries(this.stored.tries, atTime);
    const deadline = wakeDeadline(this.stored.deadline, atTime);
    return tries === this.stored.tries && deadline === this.stored.deadline ? this : this.with({ tries, deadline });
  }

  look(scene: Scene): Look {
    const [names, addresses] = [this.awaited, this.addresses];
    const { key, deadline, tries } = this.stored;
    const letter = scene.mail().first(names);
    if (letter !== undefined) return { moves: [this.read(letter)] };
    if (key === undefined && this.wanted.keyOf !== undefined) return { moves: [this.choose(scene, this.wanted.keyOf)] };
    if (scene.mail().lostTo(addresses)) return { moves: [this.giveUp()] };
    if (deadline?.index !== tries.forgiven) return { moves: [this.beginToWait(scene)] };
    if (!deadline.isOver) return { moves: [], until: deadline.until, names: addresses };
    // A signal may have come since its poller was told, or lie behind one that was taken.
    if (!scene.mail().knows(names, deadline.until)) return { moves: [], names: addresses, overdue: deadline.until };
    return { moves: [this.timeOut(names, addresses)] };
  }

  private get owner(): Owner {
    return { path: this.path, tries: this.stored.tries };
  }

  private choose(scene: Scene, keyOf: (state: State) => unknown): Move {
    return storing(this.owner, `${this.path}/${KEY}`, () => checkKey(keyOf({ input: scene.state().input })));
  }

  /** Until its redrive, when the key may be free. */
  private giveUp(): Move {
    const { path, owner } = this;
    return { do: "fail", owner, thrown: new SignalKeyTakenError(path, this.stored.key!.output as string) };
  }

  private beginToWait(scene: Scene): Move {
    return attempting(this.owner, () => {
      const durationMs = this.wanted.timeoutOf(scene.state());
      return { do: "sleep", path: untilPath(this.path, this.stored.tries.forgiven), attempt: 0, durationMs };
    });
  }

  /** A payload that its schema refuses is taken away, and is no answer. */
  private read({ n, name, body }: Letter): Move {
    const { path, owner } = this;
    const { form, schemas } = this.wanted;
    return attempting(owner, () => {
      const parsed = schemas.get(name)!.safeParse(body);
      if (!parsed.success) return { do: "refuse", owner, consumes: [n], thrown: new SignalRefusedError(path, name, parsed.error) };
      const payload = checkJson(parsed.data);
      const attempt = owner.tries.failures + 1;
      if (form === "all" && this.awaited.length > 1)
        return { do: "store", path: `${path}/${name}`, output: payload, owner, attempt: 1, consumes: [n] };
      const output = form === "any" ? { name, payload } : form === "all" ? this.together(name, payload) : payload;
      return { do: "store", path, output, owner, attempt, consumes: [n] };
    });
  }

  private timeOut(names: readonly string[], timedOut: readonly string[]): Move {
    const { path, owner } = this;
    if (this.wanted.onTimeout === "continue")
      return { do: "store", path, output: null, owner, attempt: owner.tries.failures + 1, timedOut };
    return { do: "fail", owner, thrown: new SignalTimeoutError(path, names), timedOut };
  }
}

/** No signal came in time. */
export class SignalTimeoutError extends Error {
  override readonly name = "SignalTimeoutError";
  readonly node: string;
  readonly signals: readonly string[];

  constructor(node: string, signals: readonly string[]) {
    super(
      `"${node}" has waited as long as its timeout says, and no signal came of: ${signals.join(", ")}. A redrive waits as long again; onTimeout: "continue" goes on without.`,
    );
    this.node = node;
    this.signals = signals;
  }
}

/** Another unfinished run waits by the same key, or did. */
export class SignalKeyTakenError extends Error {
  override readonly name = "SignalKeyTakenError";
  readonly node: string;
  readonly key: string;

  constructor(node: string, key: string) {
    super(
      `"${node}" cannot wait by the key "${key}": another unfinished run of this workflow has it. Redrive this one once that has ended.`,
    );
    this.node = node;
    this.key = key;
  }
}

/** A signal came whose payload the node's schema refuses. The node waits on. */
export class SignalRefusedError extends Error {
  override readonly name = "SignalRefusedError";
  readonly node: string;
  readonly signal: string;

  constructor(node: string, signal: string, cause: Error) {
    super(`"${node}" took a signal "${signal}" whose payload its schema refuses, and waits for another: ${cause.message}`, { cause });
    this.node = node;
    this.signal = signal;
  }
}
