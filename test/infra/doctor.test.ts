import { execFile } from "node:child_process";
import { once } from "node:events";
import { type AddressInfo, connect, createServer } from "node:net";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { checkDoor, checkLogin } from "../../infra/doctor/checks.ts";
import { factsOf } from "../../infra/doctor/login.ts";
import { checkConcurrency, reservedFor } from "../../infra/doctor/quota.ts";
import { createLogin } from "../../infra/migrate/logins.ts";
import type { GroupRole } from "../../infra/migrate/names.ts";
import { migrate } from "../../infra/migrate.ts";
import { asUser, type EmptyServer, query, startEmptyServer } from "../db/empty-server.ts";
import { readServiceFile } from "../../infra/service.ts";
import { digestOf } from "../../shared/lambda/api-key.ts";
import { projectFolder } from "../support/project-folder.ts";
import { startSsm } from "../support/ssm.ts";
import { ticketKeysText } from "../support/tickets.ts";

const script = fileURLToPath(new URL("../../infra/cli.ts", import.meta.url));
const ssm = await startSsm();
let server: EmptyServer;
let url: string;

const logins: Readonly<Record<string, [name: string, group: GroupRole]>> = {
  "enqueue-run": ["enqueue_run", "baton_producer"],
  "control-runs": ["control_runs", "baton_operator"],
  "answer-waits": ["answer_waits", "baton_signaller"],
  "poll-queue": ["poll_queue", "baton_poller"],
  maintain: ["maintain", "baton_maintainer"],
};
const parameterOf = (fn: string) => `/baton/prod/${fn}/database-url`;

beforeAll(async () => {
  server = await startEmptyServer();
  url = await server.createDatabase();
  await migrate({ url, roles: true });
});
afterAll(async () => {
  ssm.close();
  await server[Symbol.asyncDispose]();
});

/** A stage as docs/deploy.md makes one. */
beforeEach(async () => {
  ssm.parameters.clear();
  ssm.parameters.set("/baton/prod/api-keys", JSON.stringify([{ name: "me", role: "operator", digest: digestOf("me").toString("hex") }]));
  ssm.parameters.set("/baton/prod/ticket-keys", ticketKeysText);
  for (const [fn, [name, memberOf]] of Object.entries(logins)) {
    await createLogin({ url, name, password: "secret", memberOf });
    await query(url, `alter role ${name} reset all`);
    await createLogin({ url, name, password: "secret", memberOf });
    ssm.parameters.set(parameterOf(fn), asUser(url, name, "secret"));
  }
});

/** What the command says of a stage, and how it ends. */
interface Examined {
  readonly code: number;
  readonly fixes: string[];
  readonly text: string;
  readonly stderr: string;
}

/** more: in its environment. */
async function examine(owner = url, more: NodeJS.ProcessEnv = {}, options: { cwd?: string; args?: string[] } = {}): Promise<Examined> {
  const env = { ...process.env, ...ssm.env, DATABASE_URL: owner, ...more };
  const run = promisify(execFile)(process.execPath, [script, "doctor", "--stage", "prod", ...(options.args ?? [])], {
    env,
    cwd: options.cwd,
  });
  const ended: { code?: number; stdout: string; stderr: string } = await run.catch((thrown: unknown) => thrown as never);
  const { code = 0, stdout, stderr } = ended;
  return {
    code,
    text: stdout,
    stderr,
    fixes: [...stdout.matchAll(/^FIX {2}(.*)\n {5}(.*)$/gm)].map(([, about, advice]) => `${about} => ${advice}`),
  };
}

/** Stands before the server as a pooler does: with process ids of its own. */
async function startPooler(): Promise<{ urlOf(url: string): string; close(): void }> {
  const keyData = Buffer.from([0x4b, 0, 0, 0, 12]);
  const pooler = createServer((client) => {
    const upstream = connect(server.port, "127.0.0.1");
    upstream.on("data", (chunk) => {
      const at = chunk.indexOf(keyData);
      if (at >= 0) chunk.writeInt32BE(1, at + keyData.length);
      client.write(chunk);
    });
    client.on("data", (chunk) => void upstream.write(chunk));
    for (const [one, other] of [
      [client, upstream],
      [upstream, client],
    ] as const)
      one.on("close", () => other.destroy()).on("error", () => undefined);
  }).listen(0, "127.0.0.1");
  await once(pooler, "listening");
  const { port } = pooler.address() as AddressInfo;
  return { urlOf: (url) => Object.assign(new URL(url), { port: String(port) }).href, close: () => void pooler.close() };
}

/** The test server runs without fsync: one true finding of each login, and of the owner. */
const withoutFsync = (fixes: readonly string[]) => fixes.filter((each) => !each.includes("fsync off"));

test("a stage that is set up as the pages say has nothing to mend, but for a server without fsync", async () => {
  // As where runs are archived.
  await query(url, "grant baton_archiver to maintain");
  const { code, fixes, text, stderr } = await examine();
  expect(stderr).toContain("Service baton, stage prod, region eu-central-1, account 123456789012");
  expect(text).toMatch(/^ok {3}schema: current$/m);
  expect(text).toMatch(/^ok {3}\/baton\/prod\/api-keys: me \(operator\)$/m);
  expect(text).toMatch(/^ok {3}\/baton\/prod\/ticket-keys: test signs$/m);
  expect(withoutFsync(fixes)).toEqual([]);
  expect([code, fixes.length]).toEqual([5, 6]);
  expect(text).not.toContain("secret");
});

test.each<[string, string, () => unknown]>([
  [
    "no parameter",
    "poll-queue/database-url: .* => pgbaton logins --service baton --stage prod, or put",
    () => ssm.parameters.delete(parameterOf("poll-queue")),
  ],
  [
    "no API keys",
    "api-keys: .* => pgbaton logins --service baton --stage prod makes the first one",
    () => ssm.parameters.delete("/baton/prod/api-keys"),
  ],
  [
    "malformed keys",
    "api-keys: it is not JSON => delete the parameter: then pgbaton logins ",
    () => ssm.parameters.set("/baton/prod/api-keys", "nonsense"),
  ],
  [
    "no ticket keys",
    "ticket-keys: .* => pgbaton logins --service baton --stage prod makes the first one",
    () => ssm.parameters.delete("/baton/prod/ticket-keys"),
  ],
  [
    "a ticket key that is short",
    "ticket-keys: key 1 is none: give an id.* => delete the parameter: then pgbaton logins ",
    () => ssm.parameters.set("/baton/prod/ticket-keys", "k1:short"),
  ],
  [
    "no connection string",
    "enqueue-run/database-url: .* => pgbaton logins .* --rotate, or put the URL of a login in baton_producer there",
    () => ssm.parameters.set(parameterOf("enqueue-run"), "x"),
  ],
  [
    "a wrong password",
    "cannot log in: .* => alter role",
    () => ssm.parameters.set(parameterOf("poll-queue"), asUser(url, "poll_queue", "other")),
  ],
  [
    "a login of another function",
    "is in baton_poller => grant",
    () => ssm.parameters.set(parameterOf("poll-queue"), asUser(url, "enqueue_run", "secret")),
  ],
  ["a superuser", "may do nothing else => alter role .* nosuperuser", () => ssm.parameters.set(parameterOf("poll-queue"), url)],
  [
    "another isolation",
    "isolation is serializable => alter",
    () => query(url, "alter role poll_queue set default_transaction_isolation = 'serializable'"),
  ],
  ["a read-only login", "may write => ", () => query(url, "alter role poll_queue set default_transaction_read_only = on")],
  [
    "no timeout",
    "statement_timeout is without end => alter role .*'15s'",
    () => query(url, "alter role poll_queue set statement_timeout = 0"),
  ],
  [
    "a long wait for locks",
    "lock_timeout is 60000 ms => alter role .*'3s'",
    () => query(url, "alter role poll_queue set lock_timeout = '60s'"),
  ],
])("%s is found, with what to do", async (_, found, spoil) => {
  await spoil();
  const { code, fixes, text } = await examine();
  expect(code).toBe(5);
  expect(withoutFsync(fixes).join("\n")).toMatch(new RegExp(found));
  expect(text).not.toContain("secret");
});

test("without credentials these are to be mended, and nothing that could not be read is to be written", async () => {
  const none = { AWS_ACCESS_KEY_ID: "", AWS_SECRET_ACCESS_KEY: "", AWS_SESSION_TOKEN: "", AWS_EC2_METADATA_DISABLED: "true" };
  const { code, fixes, text } = await examine(url, { ...none, AWS_PROFILE: "nobody", AWS_SHARED_CREDENTIALS_FILE: "/dev/null" });
  expect([code, withoutFsync(fixes)]).toEqual([
    5,
    [expect.stringMatching(/^no credentials: .* were not looked at => log in until aws sts get-caller-identity/)],
  ]);
  expect(text).toMatch(/^ok {3}schema: current$/m);
});

test("what SSM does not answer is not to be written either", async () => {
  const { fixes } = await examine(url, { AWS_ENDPOINT_URL_SSM: "http://127.0.0.1:9" });
  expect(withoutFsync(fixes)).toHaveLength(7);
  expect(fixes.join()).not.toMatch(/pgbaton logins/);
  expect(withoutFsync(fixes)[0]).toMatch(/ => SSM did not answer: /);
});

test("the owner's own URL is named where it leads nowhere", async () => {
  const { fixes } = await examine(Object.assign(new URL(url), { pathname: "/nowhere" }).href);
  expect(fixes[0]).toMatch(/^cannot log in: .* => check host, port and database in DATABASE_URL, /);
});

test("a database that was never migrated is told so", async () => {
  const { fixes } = await examine(await server.createDatabase());
  expect(fixes).toContain("schema: none => run pgbaton migrate, as the owner.");
});

test("a schema that is older is said, and is no fault of a stage that is going to be deployed", async () => {
  const owner = await server.createDatabase();
  await migrate({ url: owner, roles: true });
  await query(owner, "update baton.migration set checksum = 'older' where name = 'functions'");
  const { fixes, text } = await examine(owner);
  expect(text).toMatch(/^ok {3}schema: older than this version, to be migrated before the functions are deployed$/m);
  expect(withoutFsync(fixes)).toEqual([]);
});

test("a pooler is right for the functions and wrong for migrations", async () => {
  const pooler = await startPooler();
  ssm.parameters.set(parameterOf("poll-queue"), pooler.urlOf(asUser(url, "poll_queue", "secret")));
  const { fixes, text } = await examine(pooler.urlOf(url));
  pooler.close();
  expect(withoutFsync(fixes)).toEqual(["logs in as postgres, through a pooler => take the direct host: migrations need a session."]);
  expect(text).toMatch(/^ok {3}.*poll_queue a pooler, in a mode that knows transactions$/m);
  expect(text).toMatch(/^ok {3}.*enqueue_run no pooler$/m);
});

test("commits that do not wait for the disk, a clock that is off and a pooler that hands out statements are found", async () => {
  const facts = { ...(await factsOf(ssm.parameters.get(parameterOf("poll-queue"))!)), fsync: "on", synchronousCommit: "on" };
  expect(facts.pooled).toBe(false);
  const advice = (changed: Partial<typeof facts>, now = facts.clock) =>
    checkLogin({ ...facts, ...changed }, "baton_poller", now).flatMap((each) => each.advice ?? []);
  expect(advice({})).toEqual([]);
  expect(advice({ synchronousCommit: "off" })).toEqual(['alter role "poll_queue" set synchronous_commit = on;']);
  expect(advice({}, facts.clock + 6_000)).toEqual([expect.stringMatching(/^set the clock that is wrong: /)]);
  expect(checkDoor(new Error("transaction blocks not allowed in statement pooling mode")).advice).toMatch(/transaction mode/);
});

test("an account that cannot reserve what prod wants is found, and one that has reserved it already is well", async () => {
  ssm.concurrency = { limit: 1_000, unreserved: 184, own: {} };
  expect(withoutFsync((await examine()).fixes)).toEqual([
    expect.stringMatching(
      /^concurrency: 1000 in this account, 85 reserved by this stage, and AWS keeps 100 of it unreserved => ask AWS for/,
    ),
  ]);
  ssm.concurrency = {
    limit: 1_000,
    unreserved: 100,
    own: { "baton-prod-pollQueue": 5, "baton-prod-enqueueRun": 50, "baton-prod-controlRuns": 20, "baton-prod-answerWaits": 10 },
  };
  expect((await examine()).text).toMatch(/^ok {3}concurrency: 1000 in this account, 85 reserved by this stage$/m);
  ssm.concurrency = { limit: 1_000, unreserved: 1_000, own: {} };
});

test("a stage that reserves nothing needs no quota, whatever the account has", () => {
  expect(["prod", "dev", "pr-42"].map((stage) => reservedFor(stage, readServiceFile()))).toEqual([85, 0, 0]);
  expect(checkConcurrency({ limit: 10, unreserved: 10, own: 0 }, 0).advice).toBeUndefined();
  expect(checkConcurrency({ limit: 10, unreserved: 10, own: 0 }, 85).advice).toBeDefined();
});

test("where there is no serverless.yml, or one that is somebody else's, the quota is left out, which is said", async () => {
  const cwd = projectFolder();
  expect((await examine(url, {}, { cwd })).text).toMatch(/^ok {3}concurrency: not looked at, since there is no serverless.yml/m);
  writeFileSync(join(cwd, "serverless.yml"), "service: baton\nfunctions: { poll: { role: !GetAtt Role.Arn } }\n");
  const { text, stderr } = await examine(url, {}, { cwd });
  expect(text).toMatch(/^ok {3}concurrency: not looked at, since serverless.yml reserves none by params that are known$/m);
  expect(stderr).not.toContain("Warning");
});

test("service and schema are those of serverless.yml in the folder, unless they are said", async () => {
  const cwd = projectFolder();
  writeFileSync(join(cwd, "serverless.yml"), "service: shop\nparams: { prod: { schema: shop_runs } }\n");
  const read = await examine(url, {}, { cwd });
  expect(read.stderr).toContain("Service shop, stage prod, ");
  expect(read.text).toMatch(/^FIX {2}schema: none$/m);
  expect(read.fixes.join("\n")).toContain("/shop/prod/poll-queue/database-url: ");
  const said = await examine(url, {}, { cwd, args: ["--service", "baton", "--schema", "baton"] });
  expect(withoutFsync(said.fixes)).toEqual([]);
});

test("a stage is asked for with its database, as its owner, and never takes that of a dev in the folder", async () => {
  const cwd = projectFolder();
  mkdirSync(join(cwd, ".baton"));
  writeFileSync(join(cwd, ".baton/database-url"), url);
  const { code, stderr } = await examine("", {}, { cwd });
  expect([code, stderr]).toEqual([2, expect.stringMatching(/^Say which database the stage has, as its owner: --url /)]);
  writeFileSync(join(cwd, "serverless.yml"), "service: ${env:SERVICE}\n");
  expect(await examine(url, {}, { cwd })).toMatchObject({ code: 2, stderr: expect.stringMatching(/^Say which service: --service /) });
});
