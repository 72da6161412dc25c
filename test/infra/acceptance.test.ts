import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { LambdaClient } from "@aws-sdk/client-lambda";
import { SSMClient } from "@aws-sdk/client-ssm";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { accept, type AcceptanceOptions } from "../../infra/acceptance/accept.ts";
import { addressIn, type Cloud } from "../../infra/acceptance/cloud.ts";
import { type Host, startHost } from "../../infra/local/host.ts";
import { readTemplate } from "../../infra/local/host/template.ts";
import { synthesise } from "../../infra/local/start/synthesise.ts";
import { migrate } from "../../infra/migrate.ts";
import { type EmptyServer, query, startEmptyServer } from "../db/empty-server.ts";
import { createClock } from "../support/clock.ts";
import { projectFolder } from "../support/project-folder.ts";

const POLLER = "PollQueueLambdaFunction";
const workflows = fileURLToPath(new URL("../../infra/acceptance/workflows.ts", import.meta.url));
const made = await synthesise(projectFolder(), { driver: "pg", stage: "acc", workflows });

let server: EmptyServer;
let host: Host;
let ownerUrl: string;
let lines: string[];
let printed: string;

beforeAll(async () => {
  server = await startEmptyServer();
});
afterAll(() => server[Symbol.asyncDispose]());
beforeEach(async () => {
  [lines, printed] = [[], ""];
  ownerUrl = await server.createDatabase();
  const template = readTemplate(made.templateFile);
  host = await startHost({
    // Small, so that it is exhausted soon.
    template: { ...template, functions: template.functions.map((facts) => ({ ...facts, memoryMb: 96 })) },
    codeRoot: made.folder,
    environmentOf: () => ({ BATON_LINGER_SECONDS: "0" }),
    log: (text) => void (printed += text),
    // A new process reads the API keys anew, which a warm one does once a minute.
    limits: { idleMs: 20 },
  });
  return () => host.close();
});

/** The local host in the place of an account. */
function localCloud(changed: Partial<Cloud> = {}): Cloud {
  const api = createServer(host.listener);
  let stands = false;
  return {
    exists: async () => stands,
    deploy: async (url) => {
      await migrate({ url, roles: true });
      api.listen(0, "127.0.0.1");
      await once(api, "listening");
      stands = true;
      return `http://127.0.0.1:${(api.address() as AddressInfo).port}`;
    },
    remove: async () => {
      stands = false;
      api.closeAllConnections();
      api.close();
    },
    ...changed,
  };
}

/** Time passes for the database, and for what AWS does by the clock: ticks, one-time schedules. */
function passTime(): (ms: number) => Promise<void> {
  const clock = createClock((text, values) => query(ownerUrl, text, [...(values ?? [])]));
  let ahead = 0;
  const fired = new Set<number>();
  return async (ms) => {
    ahead += ms;
    await clock.advance(`${ms} milliseconds`);
    const due = [...host.oneTimeSchedules.values()].filter(({ at }) => at <= Date.now() + ahead && !fired.has(at));
    for (const { at } of due) fired.add(at);
    void host.invoke(POLLER, due.length > 0 ? '{"nudged":true}' : "{}");
    // no guess: this is the pace of the looks, which are counted
    await setTimeout(100);
  };
}

function options(changed: Partial<AcceptanceOptions> = {}): AcceptanceOptions {
  const client = { region: "eu-central-1", endpoint: host.awsUrl, credentials: host.awsKey };
  const [ssm, lambda] = [new SSMClient(client), new LambdaClient(client)];
  const log = (line: string) => void lines.push(line);
  return {
    service: "baton",
    stage: "acc",
    schema: "baton",
    ownerUrl,
    functionsUrl: ownerUrl,
    ssm,
    lambda,
    cloud: localCloud(),
    log,
    pause: passTime(),
    ...changed,
  };
}

async function expectNothingLeft(): Promise<void> {
  expect([...host.parameters.keys()]).toEqual([]);
  expect(await query(ownerUrl, "select rolname from pg_roles where rolname like 'baton\\_acc\\_%'")).toEqual([]);
  expect(await query(ownerUrl, "select nspname from pg_namespace where nspname in ('baton', 'example', 'acceptance', 'test')")).toEqual([]);
}

test("an acceptance deploys, checks what only a deployment can show, reports each, and leaves nothing", async () => {
  expect(await accept(options()), `${lines.join("\n")}\n${printed}`).toBe(true);
  expect(lines.map((line) => line.replace(/:.*/, ""))).toEqual([
    "ok   it is deployed",
    "ok   a key is asked for",
    "ok   a run is done",
    "ok   a run survives the end of its process",
    "ok   passwords are rotated",
    "ok   an API key is rotated",
    "ok   with nothing to do the database is left alone",
    "ok   a request wakes what rests",
    "ok   a run for later wakes what rests",
    "ok   it is removed",
    "10 held, 0 failed",
  ]);
  expect(lines[3]).toMatch(/and once its lease ran out/);
  expect(printed).toMatch(/ERR_WORKER_OUT_OF_MEMORY/);
  await expectNothingLeft();
});

test("a stage that stands and a database that is in use are left alone", async () => {
  const cloud = localCloud({ exists: async () => true });
  await expect(accept(options({ cloud }))).rejects.toThrow(/^The stack baton-acc is there already/);
  await migrate({ url: ownerUrl, roles: true });
  await expect(accept(options())).rejects.toThrow(/^The database has a schema baton already/);
  expect(await query(ownerUrl, "select count(*)::int as n from pg_namespace where nspname = 'baton'")).toEqual([{ n: 1 }]);
  expect(lines).toEqual([]);
});

test("a check that fails and a deployment that fails are said, and what was made goes all the same", async () => {
  const failing = { name: "it flies", run: async () => Promise.reject(new Error("it does\nnot")) };
  expect(await accept(options({ checks: [failing] }))).toBe(false);
  expect(lines.slice(1, 2)).toEqual([expect.stringMatching(/^FAIL it flies: it does not \(\d+ s\)$/)]);
  expect(lines.at(-1)).toBe("2 held, 1 failed");
  await expectNothingLeft();
  lines = [];
  expect(await accept(options({ cloud: localCloud({ deploy: async () => Promise.reject(new Error("no quota")) }) }))).toBe(false);
  expect(lines.map((line) => line.replace(/ \(.*/, ""))).toEqual([
    "FAIL it is deployed: no quota",
    expect.stringMatching(/^ok {3}it is removed/),
    "1 held, 1 failed",
  ]);
  await expectNothingLeft();
});

test("one that is stopped in the middle removes what it made", async () => {
  const stopped = new AbortController();
  const endless = { name: "it never ends", run: () => (stopped.abort(new Error("it was stopped")), new Promise<string>(() => undefined)) };
  expect(await accept(options({ checks: [endless, endless], signal: stopped.signal }))).toBe(false);
  expect(lines.map((line) => line.replace(/:.*/, ""))).toEqual([
    "ok   it is deployed",
    "FAIL it never ends",
    "ok   it is removed",
    "2 held, 1 failed",
  ]);
  await expectNothingLeft();
});

test("what could not be removed is named", async () => {
  const cloud = localCloud({ remove: async () => Promise.reject(new Error("the bucket is not empty")) });
  expect(await accept(options({ cloud, checks: [] }))).toBe(false);
  expect(lines.at(-2)).toMatch(/^FAIL it is removed: remove by hand what is left: the bucket is not empty/);
  await expectNothingLeft();
});

test("the address is the output that osls gives the API", () => {
  const { Outputs } = JSON.parse(readFileSync(made.templateFile, "utf8")) as {
    Outputs: object;
  };
  expect(Object.keys(Outputs)).toContain("HttpApiUrl");
  expect(addressIn({ Outputs: [{ OutputKey: "HttpApiUrl", OutputValue: "https://x.example/" }] })).toBe("https://x.example");
});
