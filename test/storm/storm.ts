import { manifestOf, replaceHooks } from "../../infra/migrate/hooks.ts";
import { startNeonEndpoint } from "../../infra/local/neon-endpoint.ts";
import { connect, type ConnectOptions, type Driver } from "../../shared/db/connect.ts";
import type { Database } from "../../shared/db/database.ts";
import { seededRandom } from "../support/random.ts";
import { calmDown } from "./calm.ts";
import { stormFamilies } from "./families.ts";
import { Ledger } from "./ledger.ts";
import { operate, tickOn } from "./operators.ts";
import { Pollers } from "./pollers.ts";
import { produce } from "./producers.ts";
import { type Caller, StormServer } from "./server.ts";
import { Senders } from "./senders.ts";
import { judge, type Verdict } from "./verdict.ts";
import { watch } from "./watch.ts";
import { networkFaults, storm } from "./weather.ts";

/** What a storm left behind. */
export interface Aftermath extends Verdict {
  readonly ledger: Ledger;
  readonly deadlocks: number;
}

const POLLERS = 4;

/**
 * A storm of some length over a server, pollers, producers and operators of its own, then a calm,
 * then the verdict.
 */
export async function runStorm(seed: number, minutes: number): Promise<Aftermath> {
  const server = await StormServer.start();
  const ledger = new Ledger();
  await replaceHooks({ url: server.ownerUrl, schema: "baton", manifest: manifestOf(stormFamilies("")) });
  const endpoint = await startNeonEndpoint({ postgres: { host: "127.0.0.1", port: server.port } });
  const connectionOf =
    (caller: Caller) =>
    (driver: Driver): ConnectOptions => ({
      url: server.url(caller),
      driver,
      neonEndpoint: endpoint.url,
    });
  const pollers = new Pollers(server.folder, ledger, connectionOf("poller"));
  const databases: Database[] = [];
  const open = (caller: Caller, driver: Driver): Database => {
    const database = connect(connectionOf(caller)(driver));
    databases.push(database);
    return database;
  };
  try {
    const randomOf = (part: number) => seededRandom((seed + part * 7_919) | 0).random;
    const end = Date.now() + minutes * 60_000;
    const lasts = (): boolean => Date.now() < end && ledger.problems.length === 0;
    endpoint.inject(networkFaults(ledger, randomOf(1)));
    pollers.start(POLLERS);
    let isOver = false;
    const senders = new Senders(server.folder, open("signaller", "neon"), ledger, randomOf(8));
    const sending = senders.send(() => !isOver).catch((error: unknown) => ledger.problem((error as Error).stack ?? String(error)));
    await Promise.all(
      [
        storm(server, pollers, ledger, randomOf(2), lasts),
        produce("neon", open("producer", "neon"), ledger, randomOf(3), lasts),
        produce("pg", open("producer", "pg"), ledger, randomOf(4), lasts),
        operate(open("operator", "neon"), ledger, randomOf(5), lasts),
        operate(open("operator", "pg"), ledger, randomOf(6), lasts),
        tickOn(open("poller", "pg"), randomOf(7), lasts),
        watch(server, ledger, lasts),
      ].map((part) => part.catch((error: unknown) => ledger.problem((error as Error).stack ?? String(error)))),
    );
    endpoint.inject(undefined);
    await calmDown(server, open("operator", "pg"), ledger);
    isOver = true;
    await sending;
    await pollers.end();
    await endpoint.idle();
    const verdict = await judge(server, ledger);
    await server.stop();
    for (const line of server.strange) ledger.problem(`Postgres says: ${line}`);
    return { ...verdict, ledger, deadlocks: server.deadlocks };
  } finally {
    await pollers.end();
    await Promise.all(databases.map((database) => database[Symbol.asyncDispose]()));
    await endpoint.close();
    await server.stop();
    if (ledger.problems.length === 0) server.remove();
    else console.log(`Ledgers and data are kept in ${server.folder}`);
  }
}
