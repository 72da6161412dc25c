import { describe, expect, it } from "vitest";
import {
  DatabaseBusyError,
  DatabaseConfigurationError,
  DatabaseRefusedError,
  DatabaseUnknownOutcomeError,
} from "../../shared/domain/database-errors.ts";

describe("an error of the database", () => {
  it.each([
    ["DatabaseRefusedError", DatabaseRefusedError],
    ["DatabaseBusyError", DatabaseBusyError],
    ["DatabaseUnknownOutcomeError", DatabaseUnknownOutcomeError],
  ])("%s keeps the facts and the driver's own error", (name, Failure) => {
    const facts = { sqlstate: "23505", constraint: "run_pkey", detail: "Key (id) exists.", cause: new Error("driver") };
    expect(new Failure("refused", facts)).toMatchObject({ name, message: "refused", ...facts });
  });

  it("DatabaseConfigurationError has a name of its own", () => {
    expect(new DatabaseConfigurationError("no URL")).toMatchObject({ name: "DatabaseConfigurationError", message: "no URL" });
  });
});
