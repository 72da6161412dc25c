import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { inspect } from "node:util";
import { afterAll, expect, test } from "vitest";
import { errorFields } from "../../shared/lambda/error-fields.ts";
import { connect, type Driver } from "../../shared/db/connect.ts";
import { DatabaseConfigurationError } from "../../shared/db/database.ts";
import { connectionFrom } from "../../shared/db/default-database.ts";
import { createTestDatabase } from "../support/database.ts";

const database = await createTestDatabase();

/** What the HTTP edge answers next; undefined: it hangs up. */
let answer: { status: number; body: string } | undefined;
const edge = createServer((request, response) => {
  request.resume().on("end", () => {
    if (answer === undefined) return request.socket.destroy();
    response.writeHead(answer.status).end(answer.body);
  });
}).listen(0, "127.0.0.1");
await once(edge, "listening");
afterAll(() => edge.close());
const edgeUrl = `http://127.0.0.1:${(edge.address() as AddressInfo).port}/sql`;
const overHttp = connect({ url: "postgresql://u:p@edge.example/db", driver: "neon", neonEndpoint: edgeUrl });

const postgres = (code: string, severity = "ERROR", routine = "exec_stmt_raise") =>
  JSON.stringify({ message: "it broke", code, severity, routine });

const REFUSED = "DatabaseRefusedError";
const BUSY = "DatabaseBusyError";
const UNKNOWN = "DatabaseUnknownOutcomeError";
const MISSING = "OlderSchemaError";

const edges: [what: string, status: number | undefined, body: string, becomes: string][] = [
  ["a constraint", 400, postgres("23505"), REFUSED],
  ["an error of our own", 400, postgres("BT010"), REFUSED],
  ["a deadlock", 400, postgres("40P01"), BUSY],
  ["a full disk", 400, postgres("53100"), BUSY],
  ["a server without a free connection", 400, postgres("53300", "FATAL", "InitProcess"), BUSY],
  ["a lost connection that a statement raised by itself", 400, postgres("08006"), REFUSED],
  ["a shutdown that a statement raised by itself", 400, postgres("57P01"), REFUSED],
  ["the same in German", 400, postgres("57P01", "FEHLER"), REFUSED],
  ["an error of the system, rolled back", 400, postgres("XX000"), REFUSED],
  ["a shutdown", 400, postgres("57P01", "FATAL", "ProcessInterrupts"), UNKNOWN],
  ["a lost connection", 400, JSON.stringify({ message: "it broke", code: "08006" }), UNKNOWN],
  ["a pooler that lost its server", 400, JSON.stringify({ message: "server conn crashed?", code: "08P01", severity: "ERROR" }), UNKNOWN],
  ["a cancelled query of the proxy", 400, JSON.stringify({ message: "query cancelled", code: "08P01" }), UNKNOWN],
  ["a connection that broke, of which the endpoint knows no more", 400, '{"message":"connection closed"}', UNKNOWN],
  ["a request without a query", 400, '{"message":"could not parse the HTTP request body: missing field `query`"}', REFUSED],
  ["a header that is wrong", 400, '{"message":"missing database name"}', REFUSED],
  ["a 400 that is no JSON", 400, "<html>", UNKNOWN],
  ["401", 401, "no", REFUSED],
  ["404", 404, "no", REFUSED],
  ["408, a request that took too long", 408, "slow", UNKNOWN],
  ["413, too large", 413, "request is too large", REFUSED],
  ["429, too many", 429, "slow down", BUSY],
  ["500", 500, "oops", UNKNOWN],
  ["502", 502, "bad gateway", UNKNOWN],
  ["507, an answer that is too large", 507, "response is too large", UNKNOWN],
  ["an answer that is no JSON", 200, "<html>", UNKNOWN],
  ["an answer without results", 200, "{}", UNKNOWN],
  ["no answer", undefined, "", UNKNOWN],
];

test.each(edges)("over HTTP, %s is what the table says", async (_what, status, body, becomes) => {
  answer = status === undefined ? undefined : { status, body };
  await expect(overHttp.query("select 1")).rejects.toMatchObject({ name: becomes });
  await expect(overHttp.transaction([{ text: "select 1" }])).rejects.toMatchObject({ name: becomes });
});

const circular: Record<string, unknown> = {};
circular["self"] = circular;

/** Everything that is wrong before a statement is sent, through either driver. */
const unsendable: [string, unknown][] = [
  ["a circular value", circular],
  ["a function", () => 1],
  ["a symbol", Symbol("s")],
  ["a BigInt in an object", { n: 1n }],
  ["a NUL", "\0"],
];
for (const driver of ["neon", "pg"] as Driver[]) {
  test.each(unsendable)(`through ${driver}, %s is refused, and nothing is sent`, async (_what, value) => {
    const connection = driver === "neon" ? overHttp : database.connect("poller", "pg");
    answer = undefined;
    await expect(connection.query("select $1", [value])).rejects.toMatchObject({ name: REFUSED });
    await expect(connection.transaction([{ text: "select $1", values: [value] }])).rejects.toMatchObject({ name: REFUSED });
  });
}

const urls = (change: (url: URL) => void) => {
  const url = new URL(database.url("poller"));
  change(url);
  return url.href;
};
const behindPooler = process.env["BATON_TEST_PGBOUNCER"] === "1";
const kill = "select pg_terminate_backend(pg_backend_pid())";

const overTcp: [what: string, url: string, text: string, becomes: string][] = [
  ["a constraint", database.url("owner"), "do $$ begin raise unique_violation; end $$", REFUSED],
  ["a syntax error", database.url("owner"), "select from from", REFUSED],
  ["a deadlock", database.url("owner"), "do $$ begin raise deadlock_detected; end $$", BUSY],
  ["a full disk", database.url("owner"), "do $$ begin raise disk_full; end $$", BUSY],
  ["a timeout of the server", database.url("owner"), "begin; set local statement_timeout = 1; select pg_sleep(600)", BUSY],
  ["a lost connection that a statement raised by itself", database.url("owner"), "do $$ begin raise connection_failure; end $$", REFUSED],
  ["a shutdown that a statement raised by itself", database.url("owner"), "do $$ begin raise admin_shutdown; end $$", REFUSED],
  ["an internal error that a statement raised by itself", database.url("owner"), "do $$ begin raise internal_error; end $$", REFUSED],
  ["a copy from a client that has nothing to send", database.url("owner"), "copy baton.blocked from stdin", REFUSED],
  ["a function that is missing", database.url("owner"), "select baton.no_such_function()", MISSING],
  ["a session that is killed", database.url("owner"), kill, UNKNOWN],
  ["a port that nobody listens on", urls((url) => (url.port = "1")), "select 1", BUSY],
  ["a host that nobody knows", urls((url) => (url.hostname = "nowhere.invalid")), "select 1", BUSY],
  ["a server that does not speak the protocol", urls((url) => (url.port = `${(edge.address() as AddressInfo).port}`)), "select 1", BUSY],
];

test.each(overTcp)("over TCP, %s is what the table says", async (_what, url, text, becomes) => {
  await using connection = connect({ url, driver: "pg" });
  await expect(connection.query(text)).rejects.toMatchObject({ name: becomes });
});

test.skipIf(behindPooler)("over TCP, a wrong password is refused, a missing one is a setting", async () => {
  await using wrong = connect({ url: urls((url) => (url.password = "wrong")), driver: "pg" });
  await expect(wrong.query("select 1")).rejects.toMatchObject({ name: REFUSED, sqlstate: "28P01" });
  await using none = connect({ url: urls((url) => (url.password = "")), driver: "pg" });
  await expect(none.query("select 1")).rejects.toMatchObject({ name: "DatabaseConfigurationError" });
});

const SECRET = "s3cret";
const badUrls = [
  `postgresql://user:${SECRET}#x@host/db`,
  `postgresql://user:12#${SECRET}@host/db`,
  `postgresql://user:${SECRET}/x@host/db`,
  `postgresql://user:12/${SECRET}@host/db`,
  `postgresql://user:${SECRET}?x@host/db`,
  `postgresql://user:12?${SECRET}@host/db`,
  `postgresql://user:${SECRET}%zz@host/db`,
  `postgresql://user:${SECRET}%@host/db`,
  `postgresql://user:${SECRET}@ho st/db`,
  `postgresql://user:${SECRET}@[host/db`,
  `mysql://user:${SECRET}@host/db`,
  `user:${SECRET}@host/db`,
  `'postgresql://user:${SECRET}@host/db'`,
  "",
];

test.each(badUrls)("%j is a setting that is wrong, at start and at the first call, and nothing shows it", async (url) => {
  for (const driver of ["neon", "pg"] as Driver[]) {
    if (url !== "") expect(() => connectionFrom({ DATABASE_URL: url, BATON_DRIVER: driver })).toThrow(DatabaseConfigurationError);
    const connection = connect({ url: async () => url, driver, neonEndpoint: driver === "neon" ? edgeUrl : undefined });
    const thrown: unknown = await connection.query("select 1").catch((error: unknown) => error);
    expect(thrown).toMatchObject({ name: "DatabaseConfigurationError" });
    expect(thrown).not.toHaveProperty("cause");
    expect(inspect(thrown, { depth: Infinity, showHidden: true }) + JSON.stringify(errorFields(thrown))).not.toContain(SECRET);
  }
});

test.each([
  "postgresql://user:a%23b@host/db",
  "postgres://user:p@ss@host:5432/db?sslmode=require",
  "postgresql://user@host/db?application_name=a@b",
  "postgresql:///db?host=/var/run/postgresql",
])("%j is a connection string", (url) => {
  expect(connectionFrom({ DATABASE_URL: url })).toEqual({ url });
});
