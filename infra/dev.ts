import { existsSync, rmSync, watch, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { createOperator } from "../shared/operator.ts";
import { connect } from "../shared/db/connect.ts";
import { quiet } from "./cli/quiet.ts";
import { DEV_URL } from "./cli/context.ts";
import { CommandError, EXIT } from "./cli/exit-codes.ts";
import { ServiceProcess } from "./dev/service-process.ts";
import { type DevDatabase, openDevDatabase } from "./dev/database.ts";
import { followNewRuns } from "./dev/follow-new-runs.ts";
import { givenApiKey, keptApiKey } from "./local/start/api-key.ts";
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

const ENDINGS = ["ts", "mts", "js", "mjs", "cjs"];

/** Folders in which no source of the service lies. */
const NO_SOURCES = /(^|[/\\])(node_modules|\.git|\.baton|dist|coverage|cdk\.out|\.serverless|\.aws-sam)([/\\]|$)/;

/** Files change in groups: an editor writes twice, a branch many. */
const SETTLE_MS = 150;

/**
 * `dev`: the workflows of a project on this machine, with a Postgres of their own, the HTTP API and
 * a poller, until Ctrl-C; started anew whenever a source changes.
 */
export async function startDev(options: DevOptions): Promise<void> {
  const project = process.cwd();
  const entry = findEntry(project, options.entry);
  const folder = join(project, ".baton");
  const release = await claimFolder(folder, options.port, undefined);
  const key = givenApiKey(process.env) ?? keptApiKey(folder);
  const database = await openDevDatabase(folder, options.url ?? process.env["DATABASE_URL"], say);
  const said = join(project, DEV_URL);
  writeFileSync(said, `${database.url}\n`, { mode: 0o600 });
  const service = new ServiceProcess({ entry, folder, key, port: options.port, url: database.url, say });
  await service.start();
  const unwatch = onChange(project, () => void service.restart());
  const connection = connect({ url: database.url, driver: "pg" });
  const follower = new RunFollower(shownRuns(connection), say);
  say(...linesOf(options.port, key, database, service));
  follower.begin();
  const unfollow = followNewRuns(createOperator({ database: connection, logger: quiet }), (id) => follower.follow(id));
  const end = async (code: number) => {
    unwatch();
    unfollow();
    follower.end();
    await service.end();
    await connection[Symbol.asyncDispose]();
    await database.close();
    rmSync(said, { force: true });
    release();
    process.exit(code);
  };
  let ending = false;
  for (const signal of ["SIGINT", "SIGTERM"] as const)
    process.on(signal, () => {
      if (ending) process.exit(EXIT.interrupted);
      ending = true;
      void end(0);
    });
}

function findEntry(project: string, given: string | undefined): string {
  const candidates = given === undefined ? ENDINGS.map((ending) => `baton/index.${ending}`) : [given];
  const found = candidates.map((name) => resolve(project, name)).find((file) => existsSync(file));
  if (found !== undefined) return found;
  const what = given === undefined ? "There is no baton/index here" : `There is no file ${given}`;
  throw new CommandError(
    EXIT.usage,
    `${what}: say which module exports workflows, as in pgbaton dev src/workflows.ts, or run pgbaton init first.`,
  );
}

function linesOf(port: number, key: string, database: DevDatabase, { workflows, missing }: ServiceProcess): string[] {
  const address = `http://127.0.0.1:${port}`;
  const name = workflows[0] ?? "<name>";
  const curl = [
    `  curl -s -H 'authorization: Bearer ${key}' -H 'content-type: application/json' -d '{"input":{}}' ${address}/workflows/${name}/runs`,
    `  curl -s -H 'authorization: Bearer ${key}' '${address}/runs?limit=10'`,
  ];
  return [
    `Baton runs the workflows ${workflows.join(", ") || "(none)"}`,
    ...(missing === undefined ? [`API       ${address}`, `API key   ${key}`] : [`API       none. ${missing}`]),
    `Database  ${database.description}`,
    "",
    "Try it:",
    `  npx pgbaton trigger ${name} --data '{}' --wait`,
    ...(missing === undefined ? curl : []),
    "",
    "It starts again when a file changes; Ctrl-C ends it. What it logs is in .baton/functions.log. Times are UTC.",
    "",
  ];
}

/** Calls back once after each group of changes to sources; gives what ends that. */
function onChange(project: string, changed: () => void): () => void {
  let timer: NodeJS.Timeout | undefined;
  const watcher = watch(project, { recursive: true }, (_event, name) => {
    if (name === null || NO_SOURCES.test(name)) return;
    clearTimeout(timer);
    timer = setTimeout(changed, SETTLE_MS);
  });
  return () => {
    clearTimeout(timer);
    watcher.close();
  };
}

function say(...lines: string[]): void {
  for (const line of lines) process.stdout.write(`${line}\n`);
}
