import { toSleepMilliseconds, type Duration } from "../duration.ts";
import { attempting, now } from "../author.ts";
import type { Node, SleepOutput, State } from "../node.ts";
import {
  isRow,
  noTries,
  Over,
  wakeTries,
  type Fact,
  type Fatal,
  type Look,
  type Row,
  type Scene,
  type Standing,
  type Tries,
} from "../standing.ts";
import type { Grown, NewName, Place } from "../workflow-types.ts";

/** How a chain gets a sleep. */
export interface SleepMethods<Of extends Place, State> {
  /**
   * Parks the run for a time, fixed or computed from the state, and stores when it ends. Exact to
   * one poll.
   */
  sleep<const NodeName extends string>(
    name: NewName<State, NodeName>,
    duration: Duration | ((state: Readonly<State>) => Duration),
  ): Grown<Of, State, NodeName, SleepOutput>;
}

export type AnyDuration = Duration | ((state: State) => Duration);

/**
 * A node that waits. Its row, at its own path, is stored when it begins and says when it ends. When
 * that is, is for the database to say, whose clock may have been set back since.
 */
export function sleepNode(name: string, duration: AnyDuration): Node {
  const durationOf =
    typeof duration === "function" ? (state: State) => toSleepMilliseconds(now(duration(state), "its duration")) : fixed(duration);
  return {
    kind: "sleep",
    name,
    shape: `sleep:${name}`,
    timeoutsMs: [],
    pathBytes: name.length,
    rowIsOutput: true,
    begin: (path) => new Ahead(path, durationOf, noTries),
    holds: (below) => below === "",
  };
}

function fixed(duration: Duration): () => number {
  const durationMs = toSleepMilliseconds(duration);
  return () => durationMs;
}

/** A sleep that has not begun. */
class Ahead implements Standing {
  readonly output = undefined;
  readonly bytes = 0;
  private readonly path: string;
  private readonly durationOf: (state: State) => number;
  private readonly tries: Tries;

  constructor(path: string, durationOf: (state: State) => number, tries: Tries) {
    this.path = path;
    this.durationOf = durationOf;
    this.tries = tries;
  }

  get fatal(): Fatal | undefined {
    return this.tries.fatal;
  }

  take(path: string, fact: Fact): Standing {
    if (path !== this.path) return this;
    return isRow(fact) ? asleep(path, fact) : new Ahead(path, this.durationOf, fact);
  }

  wake(now: number): Standing {
    const tries = wakeTries(this.tries, now);
    return tries === this.tries ? this : new Ahead(this.path, this.durationOf, tries);
  }

  look(scene: Scene): Look {
    const { path, tries } = this;
    const move = attempting({ path, tries }, () => {
      const durationMs = this.durationOf(scene.state());
      return { do: "sleep", path, attempt: tries.failures + 1, durationMs } as const;
    });
    return { moves: [move] };
  }
}

function asleep(path: string, row: Row): Standing {
  return row.notBefore === undefined ? new Over(row.output, row.bytes) : new Asleep(path, row, row.notBefore);
}

/** A sleep that lasts. */
class Asleep implements Standing {
  readonly output = undefined;
  readonly fatal = undefined;
  private readonly path: string;
  private readonly row: Row;
  private readonly until: number;

  constructor(path: string, row: Row, until: number) {
    this.path = path;
    this.row = row;
    this.until = until;
  }

  get bytes(): number {
    return this.row.bytes;
  }

  /** Its row anew, once the database has said when it ends. */
  take(path: string, fact: Fact): Standing {
    return path === this.path && isRow(fact) ? asleep(path, fact) : this;
  }

  wake(now: number): Standing {
    return this.until <= now ? new Over(this.row.output, this.row.bytes) : this;
  }

  look(): Look {
    return { moves: [], until: this.until };
  }
}
