// What `npm start` weighs and how fast it is, each folder given, which has the examples, a host of
// its own: node test/bench/host.ts [folder of a clone …]
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { freePort } from "../../infra/local/embedded-postgres.ts";

const REQUESTS = Number(process.env["BENCH_REQUESTS"] ?? 2_000);
const AT_ONCE = 10;
const LONE_RUNS = Number(process.env["BENCH_LONE_RUNS"] ?? 8);
/** A run of the example takes 3 s: each of these is alone. */
const ALONE_MS = 4_500;
/** Instances that idle for a minute end; what they held is given back to the system soon after. */
const CALM_MS = Number(process.env["BENCH_CALM_SECONDS"] ?? 75) * 1_000;

interface Run {
  readonly status: string;
  readonly steps: { readonly attempts: { readonly startedAt: string }[] }[];
}

/** One host: its process, and its API. */
class MeasuredHost {
  readonly #child: ChildProcess;
  readonly #address: string;
  readonly #folder: string;
  #output = "";

  private constructor(folder: string, port: number) {
    this.#address = `http://127.0.0.1:${port}`;
    this.#folder = folder;
    this.#child = spawn("npm", ["start"], { cwd: folder, env: { ...process.env, PORT: String(port) } });
    for (const stream of [this.#child.stdout!, this.#child.stderr!])
      stream.setEncoding("utf8").on("data", (text) => (this.#output += text));
  }

  static async start(folder: string): Promise<MeasuredHost> {
    rmSync(join(folder, ".baton"), { recursive: true, force: true });
    const host = new MeasuredHost(folder, await freePort());
    while (!/Ctrl-C ends it/.test(host.#output)) {
      if (host.#child.exitCode !== null) throw new Error(host.#output);
      await pause(50);
    }
    // Both examples end, and the start is over.
    await pause(8_000);
    return host;
  }

  /** The Node process that npm started. */
  get #pid(): number {
    return (JSON.parse(readFileSync(join(this.#folder, ".baton/host.json"), "utf8")) as { host: { pid: number } }).host.pid;
  }

  /** Resident now, and at its highest since forgetPeak, in MB. */
  memory(): { now: number; peak: number } {
    const text = readFileSync(`/proc/${this.#pid}/status`, "utf8");
    const of = (name: string) => Math.round(Number(new RegExp(`${name}:\\s+(\\d+)`).exec(text)?.[1]) / 1024);
    return { now: of("VmRSS"), peak: of("VmHWM") };
  }

  forgetPeak(): void {
    writeFileSync(`/proc/${this.#pid}/clear_refs`, "5");
  }

  threads(): number {
    return Number(/Threads:\s+(\d+)/.exec(readFileSync(`/proc/${this.#pid}/status`, "utf8"))?.[1]);
  }

  async enqueue(): Promise<string> {
    const body = { input: { orderId: "o-2", amountCents: 990 } };
    return ((await this.#call("/workflows/fulfil-order/runs", body)) as { id: string }).id;
  }

  /** Milliseconds from before the POST until the first step's first attempt began. */
  async untilFirstStep(): Promise<number> {
    const begun = Date.now();
    const id = await this.enqueue();
    for (;;) {
      await pause(100);
      const startedAt = ((await this.#call(`/runs/${id}`)) as Run).steps[0]?.attempts[0]?.startedAt;
      if (startedAt !== undefined) return Date.parse(startedAt) - begun;
    }
  }

  async #call(path: string, body?: unknown): Promise<unknown> {
    const [, key] = /^API key +(\S+)$/m.exec(this.#output)!;
    const headers = { authorization: `Bearer ${key}`, ...(body !== undefined && { "content-type": "application/json" }) };
    const response = await fetch(this.#address + path, {
      headers,
      ...(body !== undefined && { method: "POST", body: JSON.stringify(body) }),
    });
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    return response.json();
  }

  async end(): Promise<void> {
    const ended = once(this.#child, "exit");
    process.kill(this.#pid, "SIGINT");
    await ended;
  }
}

async function measure(folder: string): Promise<Record<string, number>> {
  const host = await MeasuredHost.start(folder);
  try {
    const atStart = host.memory().now;
    const lone: number[] = [];
    for (let run = 0; run < LONE_RUNS; run++) {
      lone.push(await host.untilFirstStep());
      await pause(ALONE_MS);
    }
    host.forgetPeak();
    const begun = performance.now();
    let left = REQUESTS;
    await Promise.all(
      Array.from({ length: AT_ONCE }, async () => {
        while (left-- > 0) await host.enqueue();
      }),
    );
    const perSecond = Math.round(REQUESTS / ((performance.now() - begun) / 1_000));
    const { peak } = host.memory();
    await pause(CALM_MS);
    const sorted = lone.toSorted((a, b) => a - b);
    return {
      "MB at start": atStart,
      "MB peak": peak,
      "MB after calm": host.memory().now,
      "threads after calm": host.threads(),
      "requests/s": perSecond,
      "POST to first step, ms": sorted[Math.floor(LONE_RUNS / 2)]!,
      slowest: sorted.at(-1)!,
    };
  } finally {
    await host.end();
  }
}

const here = fileURLToPath(new URL("../..", import.meta.url));
const folders = process.argv.slice(2).map((folder) => resolve(folder));
const table: Record<string, Record<string, number>> = {};
for (const folder of folders.length > 0 ? folders : [here]) table[folder] = await measure(folder);
console.table(table);
