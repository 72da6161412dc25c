// One process of a measurement, started by processes.ts:
// `cell.ts <contender module> <workload> <url> <what> [mode]`.
// Speaks with its parent in messages; ends when it is told to, or with its parent.
import { resourceUsage } from "node:process";
import { pathToFileURL } from "node:url";
import { type Contender, payload, type Payload, type Workload } from "./contender.ts";
import type { FromCell, ToCell } from "./processes.ts";

const [module, workload, url, what, mode] = process.argv.slice(2) as [string, Workload, string, string, "backlog" | "low-load"];
const { default: contender } = (await import(pathToFileURL(module).href)) as { default: Contender };

const tell = (message: FromCell) => void process.send!(message);
const now = () => performance.timeOrigin + performance.now();
process.on("disconnect", () => process.exit(1));

function usage() {
  const { userCPUTime, systemCPUTime, maxRSS } = resourceUsage();
  return { cpuSeconds: (userCPUTime + systemCPUTime) / 1e6, maxRssBytes: maxRSS * 1024 };
}

async function produce(): Promise<void> {
  const producer = await contender.openProducer(url, workload);
  await ask(async (message) => {
    if (message.kind !== "send") return false;
    const startedAt = now();
    const calls = message.everyMs === undefined ? await sendAll(producer, message) : await sendOneByOne(producer, message);
    tell({ kind: "sent", seconds: (now() - startedAt) / 1000, calls, ...usage() });
    return true;
  });
  await producer.close();
}

type Producer = Awaited<ReturnType<Contender["openProducer"]>>;
type Sending = Extract<ToCell, { kind: "send" }>;

/** 1,000 runs a call, or as many as 4 MB hold. */
const atOnce = Math.min(1_000, Math.floor(4_000_000 / JSON.stringify(payload).length));

/** As fast as it goes, two calls at a time. */
async function sendAll(producer: Producer, { count }: Sending): Promise<number[]> {
  let left = count;
  const sender = async () => {
    while (left > 0) {
      const size = Math.min(atOnce, left);
      left -= size;
      await producer.send(Array.from({ length: size }, () => ({ ...payload })));
    }
  };
  await Promise.all([sender(), sender()]);
  return [];
}

/** One run after the other, each with the time of its call; gives how long each call took. */
async function sendOneByOne(producer: Producer, { count, everyMs = 0 }: Sending): Promise<number[]> {
  const took: number[] = [];
  for (let sent = 0; sent < count; sent++) {
    const sentAt = now();
    await producer.send([{ ...payload, sentAt }]);
    took.push(now() - sentAt);
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, sentAt + everyMs - now())));
  }
  return took;
}

async function work(): Promise<void> {
  let done = 0;
  let told = 0;
  let startedAt: number | undefined;
  const latencies: { start: number; done: number }[] = [];
  const starts = new Map<number, number>();
  const progress = {
    started(given: Payload) {
      startedAt ??= now();
      if (given.sentAt !== undefined) starts.set(given.sentAt, now() - given.sentAt);
    },
    done(given: Payload) {
      done++;
      if (given.sentAt !== undefined) latencies.push({ start: starts.get(given.sentAt) ?? Number.NaN, done: now() - given.sentAt });
    },
  };
  tell({ kind: "ready", name: contender.name, version: contender.version, settings: contender.settings });
  await ask(async (message) => message.kind === "go");
  const cpuBefore = usage().cpuSeconds;
  const worker = await contender.startWorker(url, workload, mode, progress);
  startedAt ??= now();
  tell({ kind: "working", startedAt });
  const telling = setInterval(() => {
    if (done !== told) tell({ kind: "done", done: (told = done) });
  }, 5);
  await ask(async (message) => message.kind === "stop");
  clearInterval(telling);
  await worker.stop();
  const { cpuSeconds, maxRssBytes } = usage();
  tell({ kind: "stopped", latencies, cpuSeconds: cpuSeconds - cpuBefore, maxRssBytes });
}

/** Answers messages of the parent until one is the last. */
async function ask(answer: (message: ToCell) => Promise<boolean>): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const listen = (message: ToCell) =>
      void answer(message).then((last) => {
        if (!last) return;
        process.off("message", listen);
        resolve();
      }, reject);
    process.on("message", listen);
  });
}

if (what === "prepare") await contender.prepare(url);
else if (what === "produce") await produce();
else await work();
process.exit(0);
