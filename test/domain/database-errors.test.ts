import { describe, expect, it } from "vitest";
import {
  DatabaseBusyError,
  DatabaseConfigurationError,
  DatabaseRefusedError,
  DatabaseUnknownOutcomeError,
  OlderSchemaError,
} from "../../shared/domain/database-errors.ts";

describe("an error of the database", () => {
  it.each([
    ["DatabaseRefusedError", DatabaseRefusedError],
    ["DatabaseBusyError", DatabaseBusyError],
    ["DatabaseUnknownOutcomeError", DatabaseUnknownOutcomeError],
  ])("%s keeps the facts and the driver's own error", (name, Failure) => {
    const driver = { where: "PL/pgSQL function f()", rolledBack: true, cause: new Error("driver") };
    const facts = { sqlstate: "23505", constraint: "run_pkey", detail: "Key (id) exists.", ...driver };
    expect(new Failure("refused", facts)).toMatchObject({ name, message: "refused", ...facts });
  });

  it("OlderSchemaError says what is wrong and what to do, and whether it may be a deployment that is just going on", () => {
    const missing = new OlderSchemaError("none", { sqlstate: "3F000" });
    expect(missing).toBeInstanceOf(DatabaseRefusedError);
    expect(missing).toMatchObject({ name: "OlderSchemaError", schema: "none", mayPass: true });
    expect(missing.message).toBe(
      "Schema baton is missing in the database: as its owner, run pgbaton migrate, or npm run migrate in a clone of the repository.",
    );
    expect(new OlderSchemaError("none", {}, "shop").message).toBe(
      "Schema shop is missing in the database: as its owner, run pgbaton migrate --schema shop, or npm run migrate -- --schema shop in a clone of the repository.",
    );
    expect(new OlderSchemaError("older").message).toMatch(/older than this code: as its owner, run pgbaton migrate/);
    expect(new OlderSchemaError("older").mayPass).toBe(false);
  });

  it("DatabaseConfigurationError has a name of its own", () => {
    expect(new DatabaseConfigurationError("no URL")).toMatchObject({ name: "DatabaseConfigurationError", message: "no URL" });
  });
});

it.each<[DatabaseRefusedError, boolean]>([
  [new DatabaseRefusedError("raised in the call", { sqlstate: "22003", rolledBack: true }), true],
  [new DatabaseRefusedError("the login may not call it any more", { sqlstate: "42501", rolledBack: true }), false],
  [new DatabaseRefusedError("a wrong password", { sqlstate: "28P01" }), false],
  [new OlderSchemaError("older", { sqlstate: "42883", rolledBack: true }), false],
])("whether earlier tries were applied is told by what Postgres refused in the call itself alone: %s", (error, tells) => {
  expect(error.tellsOfEarlierTries).toBe(tells);
});
