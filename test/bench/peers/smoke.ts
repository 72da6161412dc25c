// Whether every peer does what contender.ts asks, with a handful of runs:
// `node test/bench/peers/smoke.ts [peer ...]`.
// Each case is a process of its own, which is killed when it takes too long. Prints a line per
// case; exits 1 when one is not ok.
import { fork } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath, pathToFileURL } from "node:url";
import pg from "pg";
import { startPostgres } from "../../../infra/local/embedded-postgres.ts";
import { type Contender, payload, type Payload, type Workload } from "../contender.ts";

const limitMs = 90_000;
const peers = ["pg-boss", "graphile-worker", "dbos", "openworkflow", "workflow-devkit"];

async function query<Row extends object>(url: string, text: string): Promise<Row[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const { rows } = await client.query<Row>(text);
  await client.end();
  return rows;
}

/** Every payload is told of once, by `started` and then by `done`, just as it was sent. */
function watch() {
  const told = { started: [] as Payload[], done: [] as Payload[] };
  const progress = { started: (given: Payload) => void told.started.push(given), done: (given: Payload) => void told.done.push(given) };
  const keys = (payloads: readonly Payload[]) => JSON.stringify(payloads.map(({ text, sentAt }) => `${sentAt} ${text}`).sort());
  const wrong = (sent: readonly Payload[]) =>
    (["started", "done"] as const)
      .filter((call) => keys(told[call]) !== keys(sent))
      .map((call) => `${call} was called ${told[call].length} times for ${sent.length} runs, or with other payloads`)
      .join("; ");
  return { progress, done: () => told.done.length, wrong };
}

async function until(fact: () => boolean | Promise<boolean>, what: string): Promise<void> {
  for (let waited = 0; !(await fact()); waited += 50) {
    if (waited > limitMs - 15_000) throw new Error(`it never came to ${what}`);
    await pause(50);
  }
}

async function tryOut(contender: Contender, workload: Workload, url: string, mode: "backlog" | "low-load"): Promise<string> {
  const sent = Array.from({ length: mode === "backlog" ? 200 : 3 }, (_, n): Payload => ({ ...payload, sentAt: Date.now() + n }));
  const watched = watch();
  const send = async () => {
    const producer = await contender.openProducer(url, workload);
    if (mode === "backlog") await producer.send(sent);
    else for (const one of sent) await producer.send([one]).then(() => pause(50));
    await producer.close();
  };
  const unfinished = async () => (await query<{ unfinished: unknown }>(url, contender.unfinishedSql(workload)))[0]?.unfinished;
  if (mode === "backlog") {
    await contender.prepare(url);
    await send();
    if (Number(await unfinished()) !== sent.length) return `${await unfinished()} unfinished before a worker started`;
  }
  const worker = await contender.startWorker(url, workload, mode, watched.progress);
  if (mode === "low-load") await send();
  await until(() => watched.done() >= sent.length, "the last done");
  await until(async () => Number(await unfinished()) === 0, "no unfinished run");
  await worker.stop();
  return watched.wrong(sent);
}

/** Resolves with what is wrong, which is nothing when it went well. */
function tryOutApart(peer: string, ...task: readonly string[]): Promise<string> {
  const child = fork(fileURLToPath(import.meta.url), ["--case", peer, ...task], { stdio: ["ignore", "inherit", "inherit", "ipc"] });
  const timer = setTimeout(() => child.kill("SIGKILL"), limitMs);
  return new Promise((resolve) => {
    let answer = "";
    child.on("message", (message) => void (answer = String(message)));
    child.on("exit", (code, signal) => {
      clearTimeout(timer);
      resolve(signal === null && code === 0 ? answer : [answer, `ended with ${code ?? signal}`].filter(Boolean).join("; "));
    });
  });
}

async function smoke(names: readonly string[]): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "baton-peers-"));
  const server = await startPostgres({ dataDir: join(folder, "data"), fsync: false });
  try {
    for (const [index, peer] of names.entries()) {
      for (const workload of ["W1", "W2"]) {
        const url = new URL(server.url);
        url.pathname = `/smoke_${index}_${workload.toLowerCase()}`;
        await query(server.url, `create database ${url.pathname.slice(1)}`);
        for (const mode of ["backlog", "low-load"]) {
          const startedAt = performance.now();
          const wrong = await tryOutApart(peer, workload, url.href, mode);
          if (wrong !== "") process.exitCode = 1;
          console.log(`${peer} ${workload} ${mode}: ${wrong || "ok"} (${((performance.now() - startedAt) / 1000).toFixed(1)} s)`);
        }
      }
    }
  } finally {
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

const [first, peer, workload, url, mode] = process.argv.slice(2);
if (first === "--case") {
  const module = pathToFileURL(join(import.meta.dirname, `${peer}.ts`));
  const { default: contender } = (await import(module.href)) as { default: Contender };
  const wrong = await tryOut(contender, workload as Workload, url ?? "", mode as "backlog" | "low-load").catch(String);
  process.send?.(wrong);
  process.disconnect?.();
} else await smoke(process.argv.length > 2 ? process.argv.slice(2) : peers);
