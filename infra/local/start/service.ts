import { createWriteStream } from "node:fs";
import { basename, join } from "node:path";
import { connect, type Driver, driverFor } from "../../../shared/db/connect.ts";
import { runRepository } from "../../../shared/db/run-repository.ts";
import type { ManifestEntry } from "../../../shared/domain/protocol.ts";
import { replaceHooksIfOwner } from "../../migrate/hooks.ts";
import { checkParams } from "../../check/params.ts";
import { schemaOf, serviceName } from "../../service.ts";
import { checkRegistry } from "../../check/registry.ts";
import { type Host, startHost } from "../host.ts";
import type { Crash } from "../host/lambda-instance.ts";
import { type FunctionFacts, readTemplate } from "../host/template.ts";
import { keptTicketKeys, operatorKey } from "./api-key.ts";
import { embeddedDatabase, externalDatabase, type LocalDatabase } from "./database.ts";
import { wakeAtExpiry } from "./leases-left.ts";
import { sayRefusals } from "./refusal-lines.ts";
import type { ReadRuns } from "./run-follower.ts";
import { shownRuns } from "./shown-run.ts";
import type { Settings } from "./settings.ts";
import { type Package, synthesise } from "./synthesise.ts";

/** Whose params it takes. */
const STAGE = "dev";

/** The whole service on this machine: functions, schedules and database; not yet polling. */
export interface Service {
  readonly database: LocalDatabase;
  readonly host: Host;
  /** What the display asks the database for, with one statement for all runs. */
  readonly readRuns: ReadRuns;
  /** Starts the poller's schedule, and wakes it when leases of killed pollers expire. */
  startPolling(): void;
  close(): Promise<void>;
}

export interface ServiceOptions {
  readonly settings: Settings;
  readonly key: string;
  /** Where everything that is kept lies: `.baton`. */
  readonly folder: string;
  /** Told of every answer of a function over HTTP. */
  readonly onAnswer: (statusCode: number, body: string) => void;
  readonly onCrash: (crash: Crash) => void;
  /** Receives what happens to the database, in lines for people. */
  readonly say: (line: string) => void;
  /** Receives the lines that say what a function's role did not allow. */
  readonly onRefused: (line: string) => void;
  /** Told, with a sentence, when there is no database any more. */
  readonly onGivenUp: (reason: string) => void;
}

/** Builds and synthesises the functions while the database starts, and brings both together. */
export async function startService(options: ServiceOptions): Promise<Service> {
  const { settings, key, folder, onAnswer, onCrash, say, onRefused, onGivenUp } = options;
  const { databaseUrl } = settings;
  let onRestart = (): void => undefined;
  const driver = settings.driver ?? (databaseUrl === undefined ? "neon" : driverFor({ url: databaseUrl }));
  const own = { service: serviceName(), schema: schemaOf(STAGE) };
  const packaging = packageIn(join(folder, "package"), driver);
  // Its failure is reported where it is awaited, unless the database failed before.
  packaging.catch(() => undefined);
  const database = await (databaseUrl === undefined
    ? embeddedDatabase(folder, driver, own, { say, onGivenUp, onRestart: () => onRestart() })
    : externalDatabase(databaseUrl, driver, own.schema));
  try {
    const { templateFile, folder: codeRoot, manifest } = await packaging;
    await replaceHooksIfOwner({ url: database.url, schema: own.schema, manifest });
    const template = readTemplate(templateFile);
    const log = createWriteStream(join(folder, "functions.log"), { mode: 0o600 });
    const host = await startHost({
      template,
      codeRoot,
      environmentOf: (facts) => environmentOf(facts, database, settings),
      parameters: parametersFor(template.functions, database, key, keptTicketKeys(folder)),
      log: (text) => void log.write(text),
      onAnswer: ({ statusCode = 200, body = "" }) => onAnswer(statusCode, body),
      onCrash,
      onRefusal: sayRefusals(template, (line) => {
        onRefused(line);
        log.write(`${line}\n`);
      }),
    });
    const pollers = template.functions.filter(({ module }) => basename(module) === "poll-queue").map(({ logicalId }) => logicalId);
    const display = connect(database.connectionOf("control-runs"));
    return {
      database,
      host,
      readRuns: shownRuns(display),
      startPolling: () => {
        host.startSchedules();
        wakePollers(host, database, pollers);
        onRestart = () => goOn(host, database, pollers);
      },
      close: async () => {
        await host.close();
        await display[Symbol.asyncDispose]();
        await database.close();
      },
    };
  } catch (error) {
    await database.close();
    throw error;
  }
}

/** What would be deployed; workflows that no poller could load are refused. */
async function packageIn(folder: string, driver: Driver): Promise<Package & { manifest: readonly ManifestEntry[] }> {
  checkParams();
  const made = await synthesise(folder, { driver, stage: STAGE });
  return { ...made, manifest: await checkRegistry({ templateFile: made.templateFile, bundles: join(folder, "dist/functions") }) };
}

function environmentOf(facts: FunctionFacts, database: LocalDatabase, { port }: Settings): Record<string, string> {
  const { driver, neonEndpoint } = database.connectionOf(basename(facts.module));
  return {
    BATON_LOCAL: "on",
    ...(facts.environment["BATON_PUBLIC_URL"] !== undefined && { BATON_PUBLIC_URL: `http://127.0.0.1:${port}` }),
    ...(driver && { BATON_DRIVER: driver }),
    ...(neonEndpoint && { BATON_NEON_ENDPOINT: neonEndpoint }),
  };
}

/** Each function fetches its connection string and the keys from SSM, as when deployed. */
function parametersFor(functions: readonly FunctionFacts[], database: LocalDatabase, key: string, ticketKeys: string): Map<string, string> {
  return new Map(
    functions.flatMap(({ module, environment }) => [
      [environment["DATABASE_URL_PARAMETER"] ?? "", database.connectionOf(basename(module)).url],
      [environment["BATON_API_KEYS_PARAMETER"] ?? "", operatorKey(key)],
      [environment["BATON_TICKET_KEYS_PARAMETER"] ?? "", ticketKeys],
    ]),
  );
}

/**
 * Pollers that could not reach the database have ended by now; what they held is continued when
 * their leases expire.
 */
function goOn(host: Host, database: LocalDatabase, pollers: readonly string[]): void {
  pollers.forEach((poller) => void host.invoke(poller, "{}"));
  wakePollers(host, database, pollers);
}

function wakePollers(host: Host, database: LocalDatabase, pollers: readonly string[]): void {
  const connection = connect(database.connectionOf("poll-queue"));
  const wake = () => pollers.forEach((poller) => void host.invoke(poller, "{}"));
  // Without it the schedule continues those runs, only later.
  void wakeAtExpiry(runRepository(connection).tick, wake)
    .catch(() => undefined)
    .then(() => connection[Symbol.asyncDispose]());
}
