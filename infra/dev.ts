import { existsSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { createOperator } from "../shared/operator.ts";
import { connect, type Connected } from "../shared/db/connect.ts";
import { quiet } from "./cli/quiet.ts";
import { DEV_URL } from "./cli/context.ts";
import { defaultEntry } from "./cli/entry.ts";
import { CommandError, EXIT } from "./cli/exit-codes.ts";
import { bannerOf } from "./dev/banner.ts";
import { openDevDatabase } from "./dev/database.ts";
import { followNewRuns } from "./dev/follow-new-runs.ts";
import { type Served, ServiceProcess } from "./dev/service-process.ts";
import { watchSources } from "./dev/watch-sources.ts";
import { givenApiKey, keptApiKey, keptTicketKeys } from "./local/start/api-key.ts";
import { claimFolder } from "./local/start/host-file.ts";
import { RunFollower } from "./local/start/run-follower.ts";
import { shownRuns } from "./local/start/shown-run.ts";

/** What `dev` is told. */
export interface DevOptions {
  /** The module that exports `workflows`. Default: `baton/index`, with the ending that it has. */
  readonly entry?: string | undefined;
  readonly port: number;
  /** A database to use as it is. Default: DATABASE_URL, or one of its own in `folder`. */
  readonly url?: string | undefined;
}

/** What is to be closed at the end, the last first. */
type Closing = (() => unknown)[];

/**
 * `dev`: the workflows of a project on this machine, with a Postgres of their own, the HTTP API and
 * a poller, until Ctrl-C; started anew whenever a source changes.
 */
export async function startDev(options: DevOptions): Promise<void> {
  const closing: Closing = [];
  const close = async () => {
    for (const each of closing.splice(0).toReversed()) await each();
  };
  try {
    await begin(options, closing);
  } catch (error) {
    await close();
    throw error;
  }
  let ending = false;
  for (const signal of ["SIGINT", "SIGTERM"] as const)
    process.on(signal, () => {
      if (ending) process.exit(EXIT.interrupted);
      ending = true;
      void close().finally(() => process.exit(0));
    });
}

async function begin(options: DevOptions, closing: Closing): Promise<void> {
  const project = process.cwd();
  const entry = findEntry(project, options.entry);
  const folder = join(project, ".baton");
  closing.push(await claimFolder(folder, options.port, undefined));
  keepOutOfGit(folder);
  const key = givenApiKey(process.env) ?? keptApiKey(folder);
  const ticketKeys = process.env["BATON_TICKET_KEYS"] || keptTicketKeys(folder);
  const database = await openDevDatabase(folder, options.url ?? process.env["DATABASE_URL"], say);
  closing.push(() => database.close());
  const said = join(project, DEV_URL);
  writeFileSync(said, `${database.url}\n`, { mode: 0o600 });
  closing.push(() => rmSync(said, { force: true }));
  const connection = connect({ url: database.url, driver: "pg" });
  closing.push(() => connection[Symbol.asyncDispose]());
  const show = showOnce((served) => say(...bannerOf(served, key, database, options.entry)));
  const watch = await watchSources(project, entry, {
    changed: () => void service.restart().then(() => show(service.served)),
    failed: (error) => say(`Changes of files are not noticed: ${error.message}`),
  });
  const { port } = options;
  const service = new ServiceProcess({
    entry,
    folder,
    key,
    ticketKeys,
    port,
    url: database.url,
    say,
    onInputs: (inputs) => watch.narrow(inputs),
  });
  closing.push(() => watch.close());
  closing.push(() => service.end());
  await service.start();
  show(service.served);
  closing.push(showRuns(connection));
}

/** The banner comes with the first service that serves: before, its lines would not work. */
function showOnce(show: (served: Served) => void): (served: Served | undefined) => void {
  let shown = false;
  return (served) => {
    if (shown || served === undefined) return;
    shown = true;
    show(served);
  };
}

function showRuns(connection: Connected): () => void {
  const follower = new RunFollower(shownRuns(connection), say);
  follower.begin();
  const unfollow = followNewRuns(createOperator({ database: connection, logger: quiet }), (id) => follower.follow(id));
  return () => {
    unfollow();
    follower.end();
  };
}

/** The folder holds a password and a key, and git takes in whatever it is not told to leave. */
function keepOutOfGit(folder: string): void {
  const file = join(folder, ".gitignore");
  if (!existsSync(file)) writeFileSync(file, "*\n", { mode: 0o600 });
}

function findEntry(project: string, given: string | undefined): string {
  const name = given ?? defaultEntry();
  if (name !== undefined && existsSync(resolve(project, name))) return resolve(project, name);
  const what = given === undefined ? "There is no baton/index here" : `There is no file ${given}`;
  throw new CommandError(
    EXIT.usage,
    `${what}: say which module exports workflows, as in pgbaton dev src/workflows.ts, or run pgbaton init first.`,
  );
}

function say(...lines: string[]): void {
  for (const line of lines) process.stdout.write(`${line}\n`);
}
