import { readFileSync } from "node:fs";
import pg from "pg";
import { expect, test } from "vitest";
import { migrate } from "../../infra/migrate.ts";
import { createTestDatabase } from "../support/database.ts";
import { fillDataPage } from "../support/data-page.ts";
import { until } from "../support/until.ts";

const page = readFileSync(new URL("../../docs/data.md", import.meta.url), "utf8");

/** Each statement of the page, and the answer where one is shown. */
const examples = [...page.matchAll(/^```sql\n(.*?)^```$(?:\s*^```text\n(.*?)^```$)?/gms)].map(([, sql = "", shown]) => ({ sql, shown }));

/** A row of the page or of an answer, without what aligns it. */
const cells = (line: string): string =>
  line
    .split("|")
    .map((cell) => cell.trim())
    .join(" | ");

test("each statement of docs/data.md runs, in the page's order, and answers what the page shows", async () => {
  await using database = await createTestDatabase();
  const session = new pg.Client({ connectionString: database.ownerUrl, types: { getTypeParser: () => (text: string) => text } });
  await session.connect();
  try {
    await migrate({ url: database.ownerUrl, roles: true, search: true });
    await fillDataPage(async (text, values) => (await session.query(text, values)).rows as never);
    // Other tests' transactions may be open for a while.
    await until("all runs are in the rollup", async () => {
      await database.query("select baton.sweep_rollup(100000, 'infinity')");
      return (await database.query("select from baton.rollup having sum(enqueued) = 16 and sum(done + failed) = 15")).length === 1;
    });
    const wrong: string[] = [];
    for (const { sql, shown } of examples) {
      const { fields, rows } = await session.query<unknown[]>({ text: sql, rowMode: "array" });
      if (shown === undefined) continue;
      const lines = [fields.map(({ name }) => name), ...rows].map((row) => cells(row.join("|")));
      if (lines.join("\n") !== shown.trimEnd().split("\n").map(cells).join("\n")) wrong.push([sql, ...lines].join("\n"));
    }
    expect(wrong).toEqual([]);
  } finally {
    await session.end();
  }
});

test("of the statements of docs/data.md, most show their answer", () => {
  expect(examples.length).toBeGreaterThan(15);
  expect(examples.filter(({ shown }) => shown !== undefined).length).toBeGreaterThan(examples.length / 2);
});
