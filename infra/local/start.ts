import type { RequestListener } from "node:http";
import { join } from "node:path";
import { ROOT } from "../root.ts";
import type { Crash } from "./host/lambda-instance.ts";
import { troubleOf } from "./postgres/trouble.ts";
import { Api } from "./start/api.ts";
import { givenApiKey, keptApiKey } from "./start/api-key.ts";
import { enqueueExamples, exampleRequest } from "./start/examples.ts";
import { claimFolder, endWithNpm } from "./start/host-file.ts";
import { findNpm } from "./start/process-facts.ts";
import { openPort } from "./start/open-port.ts";
import { RunFollower } from "./start/run-follower.ts";
import { type Service, startService } from "./start/service.ts";
import { readSettings, type Settings } from "./start/settings.ts";
import { showUnfinished } from "./start/unfinished.ts";

const FOLDER = join(ROOT, ".baton");
const ENDS_WITHIN_MS = 15_000;

/** `npm start`: the functions as they would be deployed, on this machine, until Ctrl-C. */
async function start(settings: Settings): Promise<void> {
  const npm = findNpm();
  const given = givenApiKey(process.env);
  let end = (): void => process.exit(0);
  endWithNpm(npm, () => end());
  process.once("exit", await claimFolder(FOLDER, settings.port, npm));
  const listener = Promise.withResolvers<RequestListener>();
  await openPort(settings.port, listener.promise);
  const key = given ?? keptApiKey(FOLDER);
  const api = new Api(`http://127.0.0.1:${settings.port}`, key);
  const sayNow = (line: string) => say(`${new Date().toISOString().slice(11, 23)}  ${line}`);
  let follow = (_id: string): void => undefined;
  const onAnswer = (statusCode: number, body: string) => {
    if (statusCode === 202) acceptedIds(body).forEach(follow);
  };
  const onCrash = ({ functionName, reason }: Crash) => say(`Crash     ${functionName}: ${reason} (more in .baton/functions.log)`);
  const givenUp = Promise.withResolvers<string>();
  const told = { onAnswer, onCrash, say: sayNow, onRefused: (line: string) => say(line), onGivenUp: givenUp.resolve };
  const service = await startService({ settings, key, folder: FOLDER, ...told });
  const follower = new RunFollower(service.readRuns, sayNow);
  follow = (id) => follower.follow(id);
  const endWith = inGoodOrder(service, follower);
  end = () => endWith(0);
  void givenUp.promise.then((reason) => {
    console.error(reason);
    return endWith(1);
  });
  for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => end());
  listener.resolve(service.host.listener);
  say(`Baton serves ${api.address}`, `API key   ${key}`, `Database  ${service.database.description} (driver ${service.database.driver})`);
  await showUnfinished(api, follower, say);
  service.startPolling();
  const enqueued = settings.demo ? await enqueueExamples(api, say) : [];
  for (const { workflow, id } of enqueued) say(`Enqueued  ${id}  ${workflow}`);
  say("", ...curlLines(api, enqueued[0]?.id), "", "Ctrl-C ends it; what functions print is in .baton/functions.log. Times are UTC.", "");
  follower.begin();
}

/** The ids in an answer that accepts runs. */
function acceptedIds(body: string): string[] {
  const { id, runs = [] } = JSON.parse(body) as { id?: string; runs?: { id: string }[] };
  return id === undefined ? runs.map((run) => run.id) : [id];
}

function curlLines({ address, key }: Api, id: string | undefined): string[] {
  const authorized = `curl -s -H 'authorization: Bearer ${key}'`;
  const example = exampleRequest();
  const post = example && `-H 'content-type: application/json' -d '${JSON.stringify(example.body)}'`;
  return [
    "Try it:",
    ...(example === undefined ? [] : [`  ${authorized} ${post} ${address}/workflows/${example.workflow}/runs`]),
    ...(id === undefined ? [] : [`  ${authorized} ${address}/runs/${id}`]),
    `  ${authorized} '${address}/runs?limit=10'`,
  ];
}

/**
 * The end at Ctrl-C, at a polite kill, and when npm was killed and nobody is left to press Ctrl-C.
 */
function inGoodOrder(service: Service, follower: RunFollower): (exitCode: number) => void {
  let closing: Promise<void> | undefined;
  return (exitCode) => {
    follower.end();
    closing ??= service.close().finally(() => process.exit(exitCode));
    // A statement that never ends must not keep the terminal: Postgres ends with this process.
    setTimeout(() => process.exit(exitCode), ENDS_WITHIN_MS).unref();
  };
}

function say(...lines: string[]): void {
  for (const line of lines) console.log(line);
}

/**
 * Trouble that was foreseen says in one line what to do; only a mistake in this code shows where it
 * is.
 */
function complain(error: unknown): void {
  const isMistake = error instanceof TypeError || error instanceof ReferenceError || error instanceof RangeError;
  const trouble = troubleOf(error);
  console.error(
    isMistake ? error : trouble === undefined ? (error as Error).message : `Baton cannot run: ${trouble}, then run npm start again.`,
  );
  process.exit(1);
}

// Whatever this process and those that it starts make is for their owner's eyes only.
process.umask(0o077);
// Once npm was killed, nobody may read what is printed.
process.stdout.on("error", () => undefined);
process.stderr.on("error", () => undefined);
try {
  await start(readSettings(process.argv.slice(2), process.env));
} catch (error) {
  complain(error);
}
