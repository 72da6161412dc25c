import { describe, expect, inject, test, vi } from "vitest";
import { createLogin } from "../../infra/migrate/logins.ts";
import { classifyError } from "../../shared/db/classify-error.ts";
import { connect, type Driver } from "../../shared/db/connect.ts";
import { DatabaseBusyError, DatabaseConfigurationError, DatabaseRefusedError } from "../../shared/db/database.ts";
import { createTestDatabase } from "../support/database.ts";
import { withClient } from "../../infra/migrate/connection.ts";

const database = await createTestDatabase();
const { adminUrl, loginPrefix } = inject("testServer");

/** A login of its own, its URL as the secret store has it, and how often that was asked for. */
async function rotating(driver: Driver) {
  const name = `${loginPrefix}rotated_${driver}`;
  const secret = { url: "", fetched: 0, away: false };
  const rotate = async (password: string) => {
    await createLogin({ url: adminUrl, name, password, memberOf: "baton_reader" });
    const url = new URL(database.ownerUrl);
    Object.assign(url, { username: name, password });
    return url.href;
  };
  secret.url = await rotate("first");
  const fetch = async () => {
    if (secret.away && secret.fetched > 0) throw new DatabaseBusyError("SSM is away", {});
    secret.fetched++;
    return secret.url;
  };
  const connection = connect({ url: fetch, driver, neonEndpoint: driver === "neon" ? database.neon.url : undefined });
  const drop = () => withClient(adminUrl, (client) => client.query(`drop role ${name}`));
  const now = () => connection.query<{ one: number }>("select 1 as one");
  /**
   * Closes the connections that still have the old password, as the server's own time limits do.
   */
  const hangUp = () => database.query("select pg_terminate_backend(pid) from pg_stat_activity where usename = $1", [name]);
  return {
    secret,
    rotate,
    connection,
    now,
    hangUp,
    [Symbol.asyncDispose]: async () => {
      await connection[Symbol.asyncDispose]();
      await drop();
    },
  };
}

// A pooler knows its users by a list of its own, in which this login is not.
const behindPooler = process.env["BATON_TEST_PGBOUNCER"] === "1";

describe.skipIf(behindPooler).each(["neon", "pg"] as const)("through %s", (driver) => {
  test("the connection string is fetched once, and again when the password was rotated", async () => {
    await using login = await rotating(driver);
    await Promise.all([login.now(), login.now()]);
    await login.now();
    expect(login.secret.fetched).toBe(1);
    login.secret.url = await login.rotate("second");
    await login.hangUp();
    // Connections that were cut off may answer one call with that; a caller of the engine sends it
    // again.
    const again = () => login.now().catch(() => login.now());
    expect(await Promise.all([again(), again(), again()])).toEqual([[{ one: 1 }], [{ one: 1 }], [{ one: 1 }]]);
    expect(login.secret.fetched).toBe(2);
  });

  test("while the secret store has the old password, a call may be sent again later: it is being changed", async () => {
    await using login = await rotating(driver);
    const url = await login.rotate("changed in the database first");
    await expect(login.now()).rejects.toBeInstanceOf(DatabaseBusyError);
    await expect(login.now()).rejects.toMatchObject({ sqlstate: "28P01" });
    login.secret.url = url;
    expect(await login.now()).toEqual([{ one: 1 }]);
  });

  test("a minute later the refusal is final, until the secret store has another one", async () => {
    await using login = await rotating(driver);
    const url = await login.rotate("nobody was told");
    vi.useFakeTimers({ toFake: ["performance"] });
    try {
      await expect(login.now()).rejects.toBeInstanceOf(DatabaseBusyError);
      vi.advanceTimersByTime(60_001);
      await expect(login.now()).rejects.toBeInstanceOf(DatabaseRefusedError);
    } finally {
      vi.useRealTimers();
    }
    login.secret.url = url;
    expect(await login.now()).toEqual([{ one: 1 }]);
  });

  test("a call that finds the secret store away while others renew is busy, not broken", async () => {
    await using login = await rotating(driver);
    await login.rotate("nobody was told");
    login.secret.away = true;
    const outcomes = await Promise.allSettled([login.now(), login.now(), login.now()]);
    for (const outcome of outcomes) expect(outcome).toMatchObject({ status: "rejected", reason: expect.any(DatabaseBusyError) });
  });
});

test("a secret store that is away for one call is asked again by the next", async () => {
  const answers = [() => Promise.reject(new DatabaseBusyError("SSM is away", {})), async () => database.ownerUrl];
  const connection = connect({ url: () => answers.shift()!(), driver: "pg" });
  await expect(connection.query("select 1")).rejects.toThrow(DatabaseBusyError);
  expect(await connection.query("select 1 as one")).toEqual([{ one: 1 }]);
  await connection[Symbol.asyncDispose]();
});

test("what the secret store has must be a connection string, and is not repeated", async () => {
  const connection = connect({ url: async () => "canary", driver: "pg" });
  const error = await connection.query("select 1").catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(DatabaseConfigurationError);
  expect(String(error)).not.toContain("canary");
});

test.each([
  ["Postgres", { code: "28P01", severity: "FATAL", message: 'password authentication failed for user "poll_queue"' }],
  ["PgBouncer", { code: "08P01", severity: "FATAL", message: "SASL authentication failed" }],
])("a wrong password is a definitive no with 28P01, as %s says it", (_who, thrown) => {
  const error = classifyError(thrown, "baton");
  expect(error).toBeInstanceOf(DatabaseRefusedError);
  expect(error).toMatchObject({ sqlstate: "28P01" });
});
