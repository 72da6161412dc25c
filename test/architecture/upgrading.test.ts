import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ROOT } from "../../infra/build.ts";
import { isOfBaton, readSqlFiles, SQL_DIR } from "../../infra/migrate/sql-files.ts";
import { metricNames } from "../support/metric-names.ts";

const read = (path: string) => readFileSync(join(ROOT, path), "utf8");
const page = read("docs/upgrading.md");
const sql = readSqlFiles(SQL_DIR, []);
const namesIn = (text: string) => [...text.matchAll(/`([\w/]+)`/g)].map(([, name = ""]) => name);

/** The rows of the table under a heading, by their first cell: the names in the second. */
function tableUnder(heading: string): Record<string, readonly string[]> {
  const section = page.split(`\n### ${heading}\n`)[1]!.split("\n##")[0]!;
  const rows = [...section.matchAll(/^\| `([\w-]+)` +\| (.*) \|$/gm)];
  return Object.fromEntries(rows.map(([, name = "", cell = ""]) => [name, namesIn(cell).toSorted()]));
}

test("the page names every function that a group may execute, by group, and no other", () => {
  const groups = Map.groupBy(
    sql.functions.flatMap(({ name, grantedTo }) => grantedTo.map((group) => ({ group, name }))),
    ({ group }) => group,
  );
  const granted = Object.fromEntries([...groups].map(([group, functions]) => [group, functions.map(({ name }) => name).toSorted()]));
  // Nobody logs in as it.
  delete granted["baton_engine"];
  const { baton_operator: operator = [], baton_reader: reader = [], ...others } = tableUnder("The SQL protocol");
  expect({ ...others, baton_reader: reader, baton_operator: [...reader, ...operator].toSorted() }).toEqual(granted);
});

test("it names every view", () => {
  const [sentence = ""] = /The \[views\].*? lose none\./.exec(page) ?? [];
  expect(namesIn(sentence)).toEqual([...sql.views.map(({ name }) => name), "daily"]);
});

test("it names every metric that the code writes, by service, and no other", () => {
  expect(tableUnder("Metrics")).toEqual(metricNames(read("shared/lambda/metrics.ts")));
});

test("the last row of its versions has the newest migration of Baton", () => {
  const rows = [...page.matchAll(/^\| .*? \| `(\d{4}_\w+)` +\| \d+ +\|$/gm)].map(([, migration]) => migration);
  expect(rows.at(-1)).toBe(sql.migrations.findLast(({ name }) => isOfBaton(name))!.name);
});

const { exports: doors } = JSON.parse(read("package.json")) as { exports?: Record<string, unknown> };

test.runIf(doors)("it names every door of the package, and no other", () => {
  const section = page.split("\n### The doors\n")[1]!.split("\n###")[0]!;
  const named = [...section.matchAll(/^- `([\w/]+)`:/gm)].map(([, name]) => name);
  const opened = Object.keys(doors!).filter((door) => door !== "./package.json");
  expect(new Set(named)).toEqual(new Set(opened.map((door) => door.replace(/^\./, "pgbaton"))));
});
