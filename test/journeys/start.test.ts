import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { type IncomingMessage, request } from "node:http";
import { join } from "node:path";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { processFacts } from "../../infra/local/start/process-facts.ts";
import { createTestDatabase } from "../support/database.ts";
import { both, hooked, hooksOf } from "../support/hooked-runs.ts";
import { until } from "../support/until.ts";
import { copyProject, freePort, removeProject, RunningService, stillAlive } from "./service-copy.ts";

interface Run {
  readonly id: string;
  readonly status: string;
  readonly output: unknown;
  readonly steps: { readonly name: string; readonly status: string; readonly output: unknown; readonly attempts: unknown[] }[];
}

/**
 * The file that a user adds: `hold` waits for a file, so that a kill finds every run in the middle.
 */
const HOLD_GATE = `
import { appendFileSync, existsSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import { isMainThread } from "node:worker_threads";
import * as z from "zod";
import { defineWorkflow } from "../index.ts";

appendFileSync("imported-by", (isMainThread ? "main " : "thread of ") + process.pid + "\\n");

const Input = z.strictObject({ label: z.string(), ledger: z.string(), gate: z.string() });

function started(ledger: string, line: string): { nonce: string } {
  const nonce = crypto.randomUUID();
  appendFileSync(ledger, line + " " + nonce + "\\n");
  return { nonce };
}

export const holdGate = defineWorkflow({ name: "hold-gate", version: 1, input: Input })
  .step("before", ({ input }) => started(input.ledger, input.label + " before"))
  .step("hold", { timeout: "1 minute" }, async ({ input }) => {
    const { nonce } = started(input.ledger, input.label + " hold");
    while (!existsSync(input.gate)) await pause(50);
    return { nonce };
  })
  .step("after", ({ input, before }) => ({ seen: before.nonce, label: input.label }));
`;

/** Each look is a request, an invocation and a query. */
const LOOK_MS = 250;

let folder: string;
let port: number;
let service: RunningService;

/** Makes a clone without the examples, which has this workflow: one file, one line. */
function clone(): string {
  const made = copyProject();
  rmSync(join(made, "examples"), { recursive: true, force: true });
  writeFileSync(join(made, "shared/workflows/hold-gate.ts"), HOLD_GATE);
  const index = `import { holdGate } from "./hold-gate.ts";\n\nexport const workflows = [holdGate];\n`;
  writeFileSync(join(made, "shared/workflows/index.ts"), index);
  return made;
}

beforeAll(async () => {
  folder = clone();
  port = await freePort();
  service = await RunningService.start(folder, port);
});
afterAll(async () => {
  if (!service.ended) await service.interrupt();
  removeProject(folder);
});

const gate = () => join(folder, "gate");
const ledger = () => (existsSync(join(folder, "ledger")) ? readFileSync(join(folder, "ledger"), "utf8").trim().split("\n") : []);
const find = async (id: string) => (await (await service.call(`/runs/${id}`)).json()) as Run;

async function enqueue(label: string, at = service): Promise<string> {
  const response = await at.call("/workflows/hold-gate/runs", { input: { label, ledger: join(folder, "ledger"), gate: gate() } });
  expect(response.status).toBe(202);
  return ((await response.json()) as Run).id;
}

async function ends(id: string): Promise<Run> {
  let run = await find(id);
  await until(`run ${id} has ended`, async () => ["done", "failed"].includes((run = await find(id)).status), LOOK_MS);
  return run;
}

/**
 * A lease lasts 30 seconds; a run that a killed poller held is continued after it, and long before
 * the next full minute.
 */
async function continues(ids: readonly string[]): Promise<Run[]> {
  let runs: Run[] = [];
  await until(
    "all are continued",
    async () => {
      runs = await Promise.all(ids.map(find));
      return runs.every(({ status }) => status === "done");
    },
    LOOK_MS,
  );
  return runs;
}

test("without the folder examples nothing is enqueued, and the curl line that is printed works", () => {
  expect(service.output).not.toContain("Enqueued");
  const lines = service.output.split("\n").filter((line) => line.startsWith("  curl "));
  const answers = lines.map((line) => JSON.parse(execFileSync("sh", ["-c", line], { encoding: "utf8" })) as unknown);
  expect(answers).toEqual([{ runs: [], cursor: null, more: false }]);
});

test("a workflow of the user's own needs one file and one line", async () => {
  writeFileSync(gate(), "");
  const run = await ends(await enqueue("adopted"));
  expect(run.output).toEqual({ seen: expect.any(String), label: "adopted" });
});

test("the host does not import the workflows into its own process", () => {
  const importedBy = readFileSync(join(folder, "imported-by"), "utf8").trim().split("\n");
  expect(new Set(importedBy)).toEqual(new Set([`thread of ${service.nodePid}`]));
});

test("an API key that no request could carry is refused with a sentence", async () => {
  const line = await RunningService.refused(folder, await freePort(), { BATON_API_KEY: "two, keys" });
  expect(line).toMatch(/^BATON_API_KEY holds a comma, a blank or /);
});

test("the API key is kept for the next start, for its owner only", () => {
  const file = join(folder, ".baton/api-key");
  expect(readFileSync(file, "utf8").trim()).toBe(service.key);
  expect(statSync(file).mode & 0o777).toBe(0o600);
});

test("everything in .baton is for its owner only", () => {
  const root = join(folder, ".baton");
  const names = ["", ...readdirSync(root, { recursive: true, encoding: "utf8" })];
  const open = names.filter((name) => (statSync(join(root, name), { throwIfNoEntry: false })?.mode ?? 0) & 0o077);
  expect(names).toContain("functions.log");
  expect(open).toEqual([]);
});

test.runIf(process.platform === "linux")("no secret stands in the arguments of a process, or in a log", () => {
  const [, dataDir = ""] = /PostgreSQL in (\S+), port/.exec(service.output) ?? [];
  const password = readFileSync(`${dataDir}.password`, "utf8").trim();
  const shown = [
    ...readdirSync("/proc")
      .filter((entry) => /^\d+$/.test(entry))
      .map((pid) => processFacts(Number(pid))?.command ?? ""),
    ...[join(folder, ".baton/functions.log"), `${dataDir}.log`].map((file) => readFileSync(file, "utf8")),
  ].join("\n");
  expect(shown).toContain(`-D ${dataDir}`);
  for (const secret of [password, service.key]) expect(shown).not.toContain(secret);
});

test("a web page of another name gets nothing, whatever key it has", async () => {
  const { port: given } = new URL(service.address);
  const headers = { host: "evil.example", authorization: `Bearer ${service.key}` };
  const [response] = (await once(request({ host: "127.0.0.1", port: given, path: "/runs", headers }).end(), "response")) as [
    IncomingMessage,
  ];
  response.resume();
  expect(response.statusCode).toBe(400);
});

test("a second npm start in the same clone names the process that runs", async () => {
  const line = await RunningService.refused(folder, await freePort());
  expect(line).toContain(`Baton already runs in this folder: pid ${service.nodePid}, port ${port}.`);
});

test("a second clone runs beside the first, but not on its port", { timeout: 300_000 }, async () => {
  const other = clone();
  expect(await RunningService.refused(other, port)).toContain(`Port ${port} is taken by the process with pid ${service.nodePid}.`);
  const beside = await RunningService.start(other, await freePort(), { BATON_API_KEY: "a-key-of-my-own" });
  expect(beside.key).toBe("a-key-of-my-own");
  const id = await enqueue("beside", beside);
  expect([(await beside.call(`/runs/${id}`)).status, (await service.call(`/runs/${id}`)).status]).toEqual([200, 404]);
  expect(await beside.interrupt()).toBe(0);
  removeProject(other);
});

test(
  "runs in the middle of a kill -9 of npm, of its group and of Node are finished by the same command",
  { timeout: 300_000 },
  async () => {
    execFileSync("rm", [gate()]);
    const ids: string[] = [];
    for (const which of ["npm", "group", "node"] as const) {
      const id = await enqueue(which);
      await until("its second step has started", () => ledger().some((line) => line.startsWith(`${which} hold`)));
      await until("its first step is stored", async () => (await find(id)).steps[0]?.status === "done");
      ids.push(id);
      const pids = [service.npm.pid!, service.nodePid, service.postgresPid];
      expect(stillAlive(pids)).toEqual(pids);
      service.kill(which);
      await until("all three have ended", () => stillAlive(pids).length === 0);
      service = await RunningService.start(folder, port);
      for (const unfinished of ids) expect(service.output).toMatch(new RegExp(`^ +${unfinished} +hold-gate$`, "m"));
    }
    writeFileSync(gate(), "");
    const runs = await continues(ids);
    expect(service.output).not.toMatch(/hold-gate .* before /);
    const firstSteps = ledger().filter((line) => /^(npm|group|node) before /.test(line));
    expect(firstSteps).toHaveLength(3);
    for (const [index, run] of runs.entries()) {
      const nonce = firstSteps[index]!.split(" ")[2];
      expect(run.steps[0]).toMatchObject({ name: "before", output: { nonce }, attempts: [{ number: 1 }] });
      expect(run.output).toMatchObject({ seen: nonce });
    }
  },
);

test("runs go on when Postgres is killed, and nothing that is printed is a JSON document", { timeout: 300_000 }, async () => {
  rmSync(gate(), { force: true });
  const id = await enqueue("postgres");
  await until("its second step has started", () => ledger().some((line) => line.startsWith("postgres hold")));
  await until("its first step is stored", async () => (await find(id)).steps[0]?.status === "done");
  const before = service.postgresPid;
  process.kill(before, "SIGKILL");
  await until(
    "another Postgres answers",
    async () => ![0, before].includes(service.postgresPid) && (await service.call("/runs")).status === 200,
  );
  writeFileSync(gate(), "");
  const [run] = await continues([id]);
  expect(run!.output).toMatchObject({ label: "postgres" });
  expect(ledger().filter((line) => line.startsWith("postgres before"))).toHaveLength(1);
  expect(service.output).toContain("Postgres ended by itself (SIGKILL); it is started again.");
  expect(service.output.split("\n").filter((line) => /[{[]\s*"/.test(line) && !line.includes("curl"))).toEqual([]);
});

test("Ctrl-C ends everything in good order", async () => {
  const pids = [service.npm.pid!, service.nodePid, service.postgresPid];
  expect(await service.interrupt()).toBe(0);
  expect(stillAlive(pids)).toEqual([]);
  expect(existsSync(join(folder, ".baton/host.json"))).toBe(false);
});

test("with DATABASE_URL of an unmigrated database it says what to run, and no password", async () => {
  const { adminUrl } = inject("testServer");
  const line = await RunningService.refused(folder, port, { DATABASE_URL: adminUrl });
  const { host, password } = new URL(adminUrl);
  expect(line).toBe(
    `The database postgres on ${host} has no schema of Baton's. Run this as its owner first: DATABASE_URL=… npm run migrate`,
  );
  expect(line).not.toContain(password);
});

test(
  "with DATABASE_URL the functions use that database, which is told what follows the endings of these workflows",
  { timeout: 300_000 },
  async () => {
    await using database = await createTestDatabase();
    await hooksOf(database).deploy(hooked(both, "hold-gate"));
    service = await RunningService.start(folder, port, { DATABASE_URL: database.ownerUrl });
    // The workflow has no hooks; a claim alone would leave what was said before.
    expect(await hooksOf(database).registered()).toEqual([{ name: "hold-gate", version: 1, failed: null, ended: null }]);
    expect(service.output).toContain(`Database  ${database.name} on ${new URL(database.ownerUrl).host} (driver pg)`);
    const run = await ends(await enqueue("external"));
    expect(await database.query("select status from baton.ending where run_id = $1", [run.id])).toEqual([{ status: "done" }]);
    expect(await service.interrupt()).toBe(0);
  },
);

test("a call that a role does not allow is refused, and npm start says which statement would allow it", { timeout: 300_000 }, async () => {
  await using database = await createTestDatabase();
  const file = join(folder, "infra/roles.yml");
  const text = readFileSync(file, "utf8");
  const [, poller = ""] = text.split("\n  PollQueueRole:");
  writeFileSync(file, text.replace(poller, poller.replace("- *mayOpenTheGate", "")));
  service = await RunningService.start(folder, port, { DATABASE_URL: database.ownerUrl });
  await until("the poller was refused, and the statement was said", () => /^Refused.*\n.*\}\n/m.test(service.output));
  const arn = "arn:aws:ssm:eu-local-1:000000000000:parameter/baton/dev/next-wake";
  const lines = [
    `Refused   baton-dev-pollQueue: ssm:PutParameter on ${arn}, as AWS would refuse it. To allow it, add to the statements of PollQueueRole in infra/roles.yml:`,
    '              - { Effect: Allow, Action: ssm:PutParameter, Resource: { Fn::Sub: "arn:${AWS::Partition}:ssm:${AWS::Region}:${AWS::AccountId}:parameter/${self:service}/${sls:stage}/next-wake" } }',
  ];
  expect(service.output.match(/^Refused.*\n.*$/m)?.[0].split("\n")).toEqual(lines);
  await until("it is in the log of the functions", () =>
    lines.every((line) => readFileSync(join(folder, ".baton/functions.log"), "utf8").includes(line)),
  );
  expect(await service.interrupt()).toBe(0);
});

test("workflows that no poller could load are refused at the start, and nothing is served", async () => {
  await using database = await createTestDatabase();
  const index = `import { holdGate } from "./hold-gate.ts";\n\nexport const workflows = [holdGate, holdGate];\n`;
  writeFileSync(join(folder, "shared/workflows/index.ts"), index);
  const line = await RunningService.refused(folder, port, { DATABASE_URL: database.ownerUrl });
  expect(line).toMatch(/^The workflows cannot be loaded: Workflow "hold-gate": version 1 is registered twice: /);
});
