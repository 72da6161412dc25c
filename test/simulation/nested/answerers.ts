import type { RunRepository } from "../../../shared/db/run-repository.ts";
import type { Json } from "../../../shared/domain/json.ts";
import type { ApprovalTicket, CallbackTicket, Ticket } from "../../../shared/domain/ticket.ts";
import type { AnyWorkflow } from "../../../shared/domain/workflow-types.ts";
import { beat, complete, decide, fail, type AcceptedAnswer, type WaitAnswerer } from "../../../shared/engine/produce/answer-wait.ts";
import { InvalidAnswerError, WaitOverError } from "../../../shared/engine/producer-errors.ts";
import { readTicket, type TicketKeys } from "../../../shared/engine/tickets.ts";
import { CHOICES, choiceAt, doomAt, flakyAt } from "./behaviour.ts";
import { ProcessClock, type VirtualTime } from "./clock.ts";
import type { Faults } from "./faults.ts";
import type { HandlerSpec } from "./spec.ts";

interface Answering {
  readonly time: VirtualTime;
  readonly faults: Faults;
  readonly runs: RunRepository;
}

/** What an outside system was given. */
interface Job {
  readonly path: string;
  readonly attempt: number;
  readonly handler: HandlerSpec;
  readonly token: string;
}

/** What is said, with leave to say it. */
interface Answer {
  readonly token: string;
  /** The node comes to it. */
  readonly isLast: boolean;
  readonly say: (ticket: Ticket) => Promise<AcceptedAnswer>;
}

interface Accepted extends Pick<Answer, "isLast"> {
  readonly ticket: Ticket;
}

export const keys: TicketKeys = [{ id: "simulation", secret: "signs-nothing-but-links-of-simulations" }];

/**
 * Those whom approvals ask, and the outside systems of callbacks: each may be slow or silent, miss
 * that it was heard and say it again, and say another thing afterwards.
 */
export class Answerers {
  readonly #answering: Answering;
  readonly #answerer: WaitAnswerer;
  /** What was accepted, by what was asked. */
  readonly #accepted = new Map<string, Accepted>();
  readonly wrong: string[] = [];

  constructor(answering: Answering, workflows: readonly AnyWorkflow[]) {
    this.#answering = answering;
    const { time, faults, runs } = answering;
    const silent = () => undefined;
    const logger = { debug: silent, info: silent, warn: silent, error: silent };
    this.#answerer = { queue: runs, workflows, clock: new ProcessClock(time, 0), logger, random: faults.random };
  }

  /** By which answers a node of a run was to come to its output. */
  acceptedFor(run: string, path: string): Ticket[] {
    const ofNode = [...this.#accepted.values()].filter(({ isLast, ticket }) => isLast && ticket.run === run && ticket.path === path);
    return ofNode.map(({ ticket }) => ticket);
  }

  decide(path: string, links: Readonly<Record<string, string>>): void {
    const choose = (choice: string): Answer => ({
      token: links[choice]!.slice(links[choice]!.lastIndexOf("/") + 1),
      isLast: true,
      say: (ticket) => decide(this.#answerer, ticket as ApprovalTicket, { by: path, comment: null }),
    });
    const choice = choiceAt(path);
    this.#later(40_000, () => this.#say(choose(choice), choose(CHOICES.find((other) => other !== choice)!)));
  }

  work(job: Job, beats: boolean): void {
    const { faults } = this.#answering;
    const answer = this.#answerOf(job);
    if (beats) this.#beat(job, answer === undefined ? faults.between(0, 3) : 100);
    if (answer !== undefined)
      this.#later(faults.isCalm ? 40_000 : 130_000, () => this.#say(answer, this.#complete(job, { told: "another" })));
  }

  /** Undefined: nobody ever answers. */
  #answerOf(job: Job): Answer | undefined {
    const { path, attempt, handler } = job;
    const { faults } = this.#answering;
    if (attempt <= doomAt(handler, path)) return this.#fail(job, false);
    if (attempt > flakyAt(handler, path)) return !faults.isCalm && faults.random() < 0.1 ? undefined : this.#complete(job, { told: path });
    return [undefined, this.#fail(job, true), this.#complete(job, { told: 7 })][faults.between(0, 2)];
  }

  #complete({ token }: Job, output: Json): Answer {
    const isLast = (output as { told: unknown }).told !== 7;
    return { token, isLast, say: (ticket) => complete(this.#door(), ticket as CallbackTicket, output) };
  }

  /** One that does not know the workflow yet lets through what a schema refuses. */
  #door(): WaitAnswerer {
    return this.#answering.faults.random() < 0.5 ? this.#answerer : { ...this.#answerer, workflows: [] };
  }

  #fail({ token, path }: Job, retryable: boolean): Answer {
    return {
      isLast: false,
      token,
      say: (ticket) => fail(this.#answerer, ticket as CallbackTicket, { name: "Error", message: `${path} fails`, retryable }),
    };
  }

  /** Gives so many signs of life. */
  #beat({ token, ...job }: Job, times: number): void {
    if (times === 0) return;
    this.#later(15_000, async () => {
      const say = (ticket: Ticket) => beat(this.#answerer, ticket as CallbackTicket, times);
      const came = await this.#tell({ token, say });
      if (came !== "over") this.#beat({ token, ...job }, times - 1);
    });
  }

  async #say(first: Answer, then: Answer): Promise<void> {
    const { faults } = this.#answering;
    if (!faults.isCalm && faults.random() < 0.2) return this.#later(40_000, () => this.#say(first, then));
    const status = await this.#tell(first);
    faults.count(`answer ${status}`);
    if (status === "accepted") this.#note(first);
    if (status === "over" || status === "invalid") return;
    this.#later(40_000, async () => {
      const again = faults.random() < 0.5 ? first : then;
      const told = await this.#tell(again);
      faults.count(`another answer ${told}`);
      if (told === "accepted") this.#note(again);
    });
  }

  /** The first answer to what was asked counts. */
  #note({ token, isLast }: Answer): void {
    const ticket = this.#read(token);
    if (ticket === undefined) return;
    const { kind, run, path } = ticket;
    const asked = `${kind} ${run} ${path} ${kind === "approval" ? ticket.generation : ticket.attempt}`;
    if (this.#accepted.has(asked)) this.wrong.push(`two answers were accepted: ${asked}`);
    this.#accepted.set(asked, { ticket, isLast });
  }

  #read(token: string): Ticket | undefined {
    const ticket = readTicket(keys, token, 0);
    if (!("refused" in ticket)) return ticket;
    this.wrong.push(`a token is ${ticket.refused}`);
    return undefined;
  }

  async #tell({ token, say }: Pick<Answer, "token" | "say">): Promise<"accepted" | "repeated" | "invalid" | "over"> {
    const ticket = this.#read(token);
    if (ticket === undefined || ticket.expires <= this.#answering.time.now) return "over";
    try {
      return (await say(ticket)).status;
    } catch (thrown) {
      if (thrown instanceof WaitOverError) return "over";
      if (thrown instanceof InvalidAnswerError) return "invalid";
      throw thrown;
    }
  }

  #later(mostMs: number, say: () => Promise<void>): void {
    this.#answering.time.after(this.#answering.faults.between(1, mostMs), say);
  }
}
