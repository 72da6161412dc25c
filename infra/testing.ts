/**
 * The door for tests of a service's own: a real Postgres, a real poller, and time that is skipped.
 *
 * ```ts
 * import { startTestService } from "pgbaton/testing";
 * import { workflows, fulfilOrder } from "./workflows.ts";
 *
 * await using service = await startTestService({ workflows });
 * const run = await service.run(fulfilOrder, { orderId: "o-1", amountCents: 1250 });
 * ```
 */
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Client, createClient, type RunView } from "../shared/client.ts";
import type { JsonObject } from "../shared/domain/json.ts";
import type { AnyWorkflow, AttributesOf, InputOf, OutputOf, ParsedInputOf } from "../shared/domain/workflow-types.ts";
import { newReport } from "../shared/engine/poll/poll-report.ts";
import { pollQueue } from "../shared/engine/poll/poll-queue.ts";
import type { Service } from "../shared/lambda/service.ts";
import { connectAs } from "../shared/node/options.ts";
import { pollerOf, UNHURRIED_MS } from "../shared/node/poller-of.ts";
import { quiet } from "./cli/quiet.ts";
import { startPostgres } from "./local/embedded-postgres.ts";
import { withClient } from "./migrate/connection.ts";
import { migrate } from "./migrate/index.ts";
import { createClock } from "./testing/clock.ts";

export interface TestServiceOptions extends Service {
  /**
   * A server on which a database is made for the test and dropped after it, as a user who may.
   * Default: an embedded Postgres of its own, from the package `embedded-postgres`.
   */
  readonly url?: string | undefined;
}

/** A service on a database of its own. */
export interface TestService extends AsyncDisposable {
  readonly client: Client;
  /** The database's owner, to look at tables of your own. */
  readonly url: string;
  /**
   * Runs whatever is due, and what will be: waits are skipped, by moving the database's clock. Ends
   * when nothing waits any more.
   */
  drain(): Promise<void>;
  /** Stores a run and drains; gives the run as it ended, or as it is blocked. */
  run<W extends AnyWorkflow>(
    workflow: W,
    input: InputOf<W>,
    options?: { readonly attributes?: JsonObject },
  ): Promise<RunView<ParsedInputOf<W>, OutputOf<W>, AttributesOf<W>>>;
  /** Moves the database's clock forward by a Postgres interval, such as "3 days". */
  advance(interval: string): Promise<void>;
}

/** Starts a service for a test; a second or two with a Postgres of its own. */
export async function startTestService(options: TestServiceOptions): Promise<TestService> {
  const { url, close } = options.url === undefined ? await ownServer() : await ownDatabase(options.url);
  await migrate({ url, roles: false });
  const database = connectAs({ ...options, url, driver: "pg" });
  const poller = pollerOf({ logger: quiet, ...options, url, driver: "pg" }, database, () => UNHURRIED_MS);
  const client = createClient({ database, workflows: options.workflows, logger: quiet });
  const clock = createClock((text, values) => withClient(url, async (owner) => (await owner.query(text, values)).rows as unknown[]));
  const drain = async () => {
    for (;;) {
      const report = await pollQueue(poller, true, newReport());
      if (report.dueInMs === null) return;
      if (report.dueInMs > 0) await clock.advance(`${Math.ceil(report.dueInMs)} milliseconds`);
    }
  };
  return {
    client,
    url,
    drain,
    run: async <W extends AnyWorkflow>(workflow: W, input: InputOf<W>, given?: { readonly attributes?: JsonObject }) => {
      const { id } = await client.enqueue(workflow, input, given as never);
      await drain();
      return (await client.get<W>(id))!;
    },
    advance: (interval) => clock.advance(interval),
    [Symbol.asyncDispose]: async () => {
      await database[Symbol.asyncDispose]();
      await close();
    },
  };
}

interface Owned {
  readonly url: string;
  readonly close: () => Promise<void>;
}

async function ownServer(): Promise<Owned> {
  const folder = mkdtempSync(join(tmpdir(), "pgbaton-test-"));
  const remove = () => rmSync(folder, { recursive: true, force: true });
  const server = await startPostgres({ dataDir: join(folder, "postgres"), fsync: false }).catch((thrown: unknown) => {
    remove();
    throw thrown;
  });
  return { url: server.url, close: async () => server.stop().then(remove) };
}

async function ownDatabase(server: string): Promise<Owned> {
  const name = `pgbaton_test_${randomBytes(6).toString("hex")}`;
  await withClient(server, (client) => client.query(`create database ${name}`));
  const url = Object.assign(new URL(server), { pathname: `/${name}` }).href;
  return { url, close: async () => void (await withClient(server, (client) => client.query(`drop database ${name} with (force)`))) };
}
