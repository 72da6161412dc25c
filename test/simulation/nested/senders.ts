import type { RunRepository } from "../../../shared/db/run-repository.ts";
import type { QueryAsOwner } from "../../support/database.ts";
import type { VirtualTime } from "./clock.ts";
import type { Faults } from "./faults.ts";
import { isOfChild, keyOf, signalsIn, type SignalSpec, type WorkflowSpec } from "./spec.ts";

interface Sending {
  readonly time: VirtualTime;
  readonly faults: Faults;
  /** Sends as a producer. */
  readonly runs: RunRepository;
  readonly query: QueryAsOwner;
}

interface StoredRow {
  readonly node: string;
  readonly output: unknown;
}

/** How many nodes have taken a signal: it is their output, or one of two in it or below. */
function countTaken(name: string, rows: readonly StoredRow[]): number {
  const [own, ofTwo] = [new RegExp(`(^|/)${name}$`), new RegExp(`(^|/)${name.slice(0, -1)}$`)];
  const isTold = (output: unknown) => (output as { told?: unknown } | null)?.told === name;
  const takers = rows.flatMap(({ node, output }) => {
    if (own.test(node) && isTold(output)) return [node.slice(0, -name.length)];
    const isLast = ofTwo.test(node) && isTold((output as Record<string, unknown> | null)?.[name]);
    return isLast ? [`${node}/`] : [];
  });
  return new Set(takers).size;
}

/** A run by its id, and by what it is keyed. */
interface Addressee {
  readonly run: string;
  readonly key: string;
}

interface Letter extends SignalSpec, Addressee {
  readonly workflow: string;
}

/** So many may lie there that no node has taken. */
const MOST_UNTAKEN = 2;

/**
 * Those who send signals to runs, again and again until they have ended: each may be lost or come
 * twice.
 */
export class Senders {
  readonly #sending: Sending;
  #sent = 0;
  /** How many were accepted, by run and name. */
  readonly #accepted = new Map<string, Map<string, number>>();

  constructor(sending: Sending) {
    this.#sending = sending;
  }

  /** Whoever sends by a key may be earlier than the run. */
  begin(to: Addressee, { name: workflow, chain }: WorkflowSpec, isThere: boolean): void {
    for (const signal of signalsIn(chain)) if (signal.isKeyed !== isThere) this.#later({ ...to, workflow, ...signal }, this.#newId());
  }

  /** Each that was accepted lies there, or one node has taken it. */
  async judge(to: Addressee, rows: readonly StoredRow[]): Promise<string[]> {
    const problems: string[] = [];
    for (const [name, accepted] of this.#accepted.get(to.run) ?? []) {
      const [taken, left] = [countTaken(name, rows), await this.#untaken({ ...to, name })];
      if (taken + left !== accepted) problems.push(`${accepted} signals ${name} were accepted, ${taken} are taken, ${left} are left`);
    }
    return problems;
  }

  #note({ run, name }: Letter): void {
    const ofRun = this.#accepted.get(run) ?? new Map<string, number>();
    this.#accepted.set(run, ofRun.set(name, (ofRun.get(name) ?? 0) + 1));
  }

  #newId(): string {
    return `s${this.#sent++}`;
  }

  #later(letter: Letter, id: string): void {
    const { time, faults } = this.#sending;
    time.after(faults.between(1, 40_000), () => this.#send(letter, id));
  }

  async #send(letter: Letter, id: string): Promise<void> {
    const { faults, runs } = this.#sending;
    if ((await this.#untaken(letter)) >= MOST_UNTAKEN || (!faults.isCalm && faults.random() < 0.2)) return this.#later(letter, id);
    const { run, key, workflow, name, isKeyed } = letter;
    const to = isKeyed ? { workflow, key: keyOf(key) } : { run };
    const { status } = await runs.signal({ ...to, name, body: { told: name }, id, checked: true });
    faults.count(`signal ${isKeyed ? "by key " : ""}${status}`);
    if (status === "accepted") this.#note(letter);
    if (status === "ended") return this.#mayGoOn(letter);
    const isLost = !faults.isCalm && faults.random() < 0.3;
    this.#later(letter, isLost ? id : this.#newId());
  }

  async #untaken({ run, key, name }: Addressee & Pick<Letter, "name">): Promise<number> {
    const [there] = await this.#sending.query<{ n: number }>(
      `select ((select count(*) from baton.message where run_id = $1 and name = $2)
        + (select count(*) from baton.unclaimed where name = $2 and key = $3))::int as n`,
      [run, name, keyOf(key)],
    );
    return there!.n;
  }

  /** A redrive may let it go on. */
  async #mayGoOn(letter: Letter): Promise<void> {
    const [ending] = await this.#sending.query<{ status: string }>("select status from baton.ending where run_id = $1", [letter.run]);
    const isOver = ending !== undefined && (ending.status === "done" || (ending.status === "cancelled" && !isOfChild(letter.key)));
    if (!isOver) this.#later(letter, this.#newId());
  }
}
