import { describe, expect, inject, test } from "vitest";
import { createLogin } from "../../infra/migrate/logins.ts";
import { connect, type Driver } from "../../shared/db/connect.ts";
import { DatabaseBusyError, DatabaseConfigurationError } from "../../shared/db/database.ts";
import { createTestDatabase } from "../support/database.ts";
import { withClient } from "../../infra/migrate/connection.ts";

const database = await createTestDatabase();
const { adminUrl, loginPrefix } = inject("testServer");

/** A login of its own, its URL as the secret store has it, and how often that was asked for. */
async function rotating(driver: Driver) {
  const name = `${loginPrefix}rotated_${driver}`;
  const secret = { url: "", fetched: 0 };
  const rotate = async (password: string) => {
    await createLogin({ url: adminUrl, name, password, memberOf: "baton_reader" });
    const url = new URL(database.ownerUrl);
    Object.assign(url, { username: name, password });
    return url.href;
  };
  secret.url = await rotate("first");
  const fetch = async () => (secret.fetched++, secret.url);
  const connection = connect({ url: fetch, driver, neonEndpoint: driver === "neon" ? database.neon.url : undefined });
  const drop = () => withClient(adminUrl, (client) => client.query(`drop role ${name}`));
  const now = () => connection.query<{ one: number }>("select 1 as one");
  /** Closes the connections that still have the old password, as the server's own time limits do. */
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

describe.each(["neon", "pg"] as const)("through %s", (driver) => {
  test("the connection string is fetched once, and again when the password was rotated", async () => {
    await using login = await rotating(driver);
    await Promise.all([login.now(), login.now()]);
    await login.now();
    expect(login.secret.fetched).toBe(1);
    login.secret.url = await login.rotate("second");
    await login.hangUp();
    // Connections that were cut off may answer one call with that; a caller of the engine sends it again.
    const again = () => login.now().catch(() => login.now());
    expect(await Promise.all([again(), again(), again()])).toEqual([[{ one: 1 }], [{ one: 1 }], [{ one: 1 }]]);
    expect(login.secret.fetched).toBe(2);
  });

  test("a password that is wrong also in the secret store is refused, with one more look there", async () => {
    await using login = await rotating(driver);
    await login.rotate("nobody was told");
    await expect(login.now()).rejects.toMatchObject({ sqlstate: "28P01" });
    expect(login.secret.fetched).toBe(2);
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
