import { setTimeout as pause } from "node:timers/promises";
import type { Database } from "../../shared/db/database.ts";
import { runRepository, type RunRepository } from "../../shared/db/run-repository.ts";
import type { ApprovalTicket, CallbackTicket, Ticket } from "../../shared/domain/ticket.ts";
import { systemClock } from "../../shared/engine/ports.ts";
import { complete, decide, fail, type WaitAnswerer } from "../../shared/engine/produce/answer-wait.ts";
import { WaitOverError } from "../../shared/engine/producer-errors.ts";
import { readTicket } from "../../shared/engine/tickets.ts";
import { ticketKeys } from "../support/tickets.ts";
import { type Ledger, readOffers } from "./ledger.ts";
import { ignoreWeather } from "./operators.ts";
import type { OfferLine } from "./workflow.ts";

const silent = { debug() {}, info() {}, warn() {}, error() {} };

/** What is said, and by which token. */
interface Answer {
  readonly token: string;
  readonly say: (answerer: WaitAnswerer, ticket: Ticket) => Promise<{ readonly status: string }>;
}

/**
 * Who sends signals by key, decides, and works outside, until the last run has ended. Each says
 * what it has to say until it is heard, and then again; who decided tries the other choice too.
 */
export class Senders {
  readonly #folder: string;
  readonly #ledger: Ledger;
  readonly #queue: RunRepository;
  readonly #answerer: WaitAnswerer;
  readonly #random: () => number;
  readonly #heard = new Set<string>();
  #signalled = 0;

  constructor(folder: string, database: Database, ledger: Ledger, random: () => number) {
    this.#folder = folder;
    this.#ledger = ledger;
    this.#queue = runRepository(database);
    this.#random = random;
    this.#answerer = { queue: this.#queue, workflows: [], clock: systemClock, random, logger: silent };
  }

  async send(lasts: () => boolean): Promise<void> {
    for (; lasts(); await pause(100)) {
      const tags = this.#ledger.waiting.slice(this.#signalled, (this.#signalled += 20));
      const offers = readOffers(this.#folder).filter(({ token }) => !this.#heard.has(token));
      this.#signalled = Math.min(this.#signalled, this.#ledger.waiting.length);
      await Promise.all([...tags.map((tag) => this.#signal(tag)), ...offers.slice(0, 20).map((offer) => this.#answer(offer))]);
    }
  }

  /** The run may not be there yet. */
  async #signal(tag: string): Promise<void> {
    const send = () => this.#queue.signal({ workflow: "storm", key: tag, name: "go", body: { tag }, id: `go-${tag}` });
    await this.#heardOf(send);
    const { status } = await this.#heardOf(send);
    if (status !== "repeated" && status !== "ended") this.#ledger.problem(`the signal to ${tag} was ${status} when it was sent again`);
  }

  async #answer(offer: OfferLine): Promise<void> {
    this.#heard.add(offer.token);
    const first = this.#answerTo(offer);
    const status = await this.#tell(first);
    const again = offer.other === undefined || this.#random() < 0.5 ? first : { ...first, token: offer.other };
    const then = await this.#tell(again);
    this.#ledger.counts.answers++;
    if (then === "accepted") this.#ledger.problem(`a second answer to the ${offer.kind} of ${offer.tag} was accepted, after ${status}`);
  }

  #answerTo({ tag, kind, token }: OfferLine): Answer {
    if (kind === "approval")
      return { token, say: (answerer, ticket) => decide(answerer, ticket as ApprovalTicket, { by: tag, comment: null }) };
    if (this.#random() < 0.2) {
      const failure = { name: "StormError", message: "the outside system fails on purpose", retryable: true };
      return { token, say: (answerer, ticket) => fail(answerer, ticket as CallbackTicket, failure) };
    }
    return { token, say: (answerer, ticket) => complete(answerer, ticket as CallbackTicket, { tag }) };
  }

  async #tell({ token, say }: Answer): Promise<string> {
    const ticket = readTicket(ticketKeys, token, Date.now());
    if ("refused" in ticket) return ticket.refused;
    const told = say.bind(undefined, this.#answerer, ticket);
    const { status } = await this.#heardOf(() => told().catch(overAsStatus));
    return status;
  }

  /** Says it until there is an answer. */
  async #heardOf(say: () => Promise<{ readonly status: string }>): Promise<{ readonly status: string }> {
    for (;;) {
      const answer = await say().catch(ignoreWeather);
      if (answer !== undefined) return answer;
      await pause(200);
    }
  }
}

function overAsStatus(thrown: unknown): { readonly status: string } {
  if (thrown instanceof WaitOverError) return { status: "over" };
  throw thrown;
}
