import { expect, test } from "vitest";
import { report } from "../../infra/report.ts";
import { reportNames } from "../../shared/domain/reports.ts";
import { createTestDatabase } from "../support/database.ts";

const database = await createTestDatabase();
const make = (url: string, name = "slow-steps") => report([name], url, () => undefined);

test("a login without the right to read is told the group that it needs", async () => {
  await expect(make(database.url("producer"))).rejects.toThrow(
    /^permission denied for .*: as the owner, grant baton_reader to this login\.$/,
  );
});

test("where schema baton is missing, each report says so", async () => {
  await database.query("alter schema baton rename to gone");
  for (const name of reportNames)
    await expect(make(database.ownerUrl, name)).rejects.toThrow(
      /^Schema baton is missing in the database: run npm run migrate as its owner\.$/,
    );
});
