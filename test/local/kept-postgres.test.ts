import { appendFileSync, chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { keepPostgres, type KeeperOptions, type KeptPostgres } from "../../infra/local/postgres/keeper.ts";
import { watchLog } from "../../infra/local/postgres/log-watch.ts";
import { troubleIn, troubleOf } from "../../infra/local/postgres/trouble.ts";
import { withClient } from "../../infra/migrate/connection.ts";
import { until } from "../support/until.ts";

let folder: string;
let said: string[];
let restarts: number;
let givenUp: string[];
const opened: KeptPostgres[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "baton-kept-"));
  [said, restarts, givenUp] = [[], 0, []];
});
afterEach(async () => {
  for (const server of opened.splice(0)) {
    await server.stop();
    chmodSync(server.dataDir, 0o700);
    for (const suffix of ["", ".password", ".log"]) rmSync(server.dataDir + suffix, { recursive: true, force: true });
  }
  rmSync(folder, { recursive: true, force: true });
});

async function keep(options: Partial<KeeperOptions> = {}): Promise<KeptPostgres> {
  const server = await keepPostgres({
    dataDir: join(folder, "postgres"),
    fsync: false,
    say: (line) => said.push(line),
    onRestart: () => restarts++,
    onGivenUp: (reason) => givenUp.push(reason),
    ...options,
  });
  opened.push(server);
  return server;
}

/** Every process of a server: the postmaster and what it has started. */
function processesOf({ pid }: KeptPostgres): number[] {
  const parentOf = (child: string) => {
    try {
      return Number(
        readFileSync(`/proc/${child}/stat`, "utf8")
          .replace(/^.*\) /, "")
          .split(" ")[1],
      );
    } catch {
      return 0;
    }
  };
  const numbers = readdirSync("/proc").filter((entry) => /^\d+$/.test(entry));
  return [pid, ...numbers.filter((entry) => parentOf(entry) === pid).map(Number)];
}

/** Some of its processes come and go by themselves, and others go with the first. */
function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code !== "ESRCH") throw thrown;
  }
}

test.each(["the postmaster", "all its processes"])(
  "when %s is killed with -9 the same data is served again at the same URL",
  async (which) => {
    const server = await keep({ fsync: true });
    await withClient(server.url, (client) => client.query("create table kept as select 42 as answer"));
    const before = server.pid;
    for (const pid of which === "the postmaster" ? [before] : processesOf(server)) kill(pid);
    await until("it was started again", () => restarts === 1 || givenUp.length > 0);
    expect(givenUp).toEqual([]);
    const rows = await withClient(server.url, async (client) => (await client.query("select answer from kept")).rows as unknown[]);
    expect([rows, server.pid === before]).toEqual([[{ answer: 42 }], false]);
    expect(said).toEqual(["Postgres ended by itself (SIGKILL); it is started again."]);
  },
);

test("a server that ends again and again is given up with one sentence, after as many starts as there are pauses", async () => {
  const server = await keep({ pausesMs: [0, 0], onRestart: () => (restarts++, process.kill(server.pid, "SIGKILL")) });
  process.kill(server.pid, "SIGKILL");
  await until("it is given up", () => givenUp.length > 0);
  expect(restarts).toBe(2);
  expect(givenUp).toEqual([
    `Postgres ended and does not start again: it ended 3 times in a row (log: ${server.dataDir}.log). Start again once its cause is gone`,
  ]);
});

test("a server whose folder became read-only is given up at once, and the sentence names the folder", async () => {
  const server = await keep({ pausesMs: [0, 60_000] });
  chmodSync(server.dataDir, 0o500);
  process.kill(server.pid, "SIGKILL");
  await until("it is given up", () => givenUp.length > 0);
  expect(givenUp).toEqual([
    `Postgres ended and does not start again: the folder ${server.dataDir} may not be written by this user. ` +
      `Give it its permissions back, then start again (log: ${server.dataDir}.log)`,
  ]);
});

test("a stop in good order is no reason to start again", async () => {
  const server = await keep();
  await server.stop();
  expect([restarts, said, givenUp]).toEqual([0, [], []]);
});

test.each([
  ['PANIC:  could not write to file "pg_wal/xlogtemp.29": No space left on device', "the disk of /data is full. Make room on it"],
  [
    'FATAL:  could not create lock file "postmaster.pid": Read-only file system',
    "/data lies on a file system that is read-only. Make it writable",
  ],
  ["ERROR:  permission denied for table run", undefined],
  ["STATEMENT:  select 'No space left on device'", undefined],
])("a log that says %s tells of %s", (line, trouble) => {
  expect(troubleIn(`2026-01-01 00:00:00 UTC [7] ${line}\n`, "/data")).toBe(trouble);
});

test("an error of Node's over a file names the place and what to do", () => {
  const error = Object.assign(new Error("EROFS: read-only file system, mkdir '/clone/.baton'"), { code: "EROFS", path: "/clone/.baton" });
  expect(troubleOf(error)).toBe("/clone/.baton lies on a file system that is read-only. Make it writable");
  expect(troubleOf(new Error("something else"))).toBeUndefined();
});

test("statements that a full disk stops are told once, though the server lives on", async () => {
  const dataDir = join(folder, "data");
  writeFileSync(`${dataDir}.log`, "LOG:  database system is ready\n");
  const end = watchLog(dataDir, (trouble) => said.push(trouble), 5);
  const full = 'ERROR:  could not extend file "base/5/1": No space left on device\n';
  appendFileSync(`${dataDir}.log`, full);
  await until("it was told", () => said.length > 0);
  appendFileSync(`${dataDir}.log`, full);
  await until("it has read on", () => new Promise<boolean>((resolve) => setTimeout(() => resolve(true), 50)));
  end();
  expect(said).toEqual(["the disk of /data is full. Make room on it".replace("/data", dataDir)]);
  expect(statSync(`${dataDir}.log`).size).toBeGreaterThan(2 * full.length);
});
