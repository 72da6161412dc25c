import { describe, expect, it } from "vitest";
import { readSources } from "../../infra/check/sources.ts";
import { columns } from "../../shared/domain/columns.ts";

const functions = new Map(readSources().map(({ path, text }) => [path, text.replaceAll(/\n-- +/g, " ").replaceAll(/\s+/g, " ")]));
const textOf = (name: string) => functions.get(`sql/functions/${name}.sql`)!;
const listOf = (text = "") => text.split(",").map((part) => part.trim());
const keys = (...of: object[]) => of.flatMap((one) => Object.keys(one));

/** What stands in a function where this matches, as a list. */
function listed(name: string, pattern: RegExp): string[] {
  const [, ...lists] = pattern.exec(textOf(name)) ?? expect.fail(`sql/functions/${name}.sql has nothing like ${pattern}`);
  return lists.flatMap((list) => (list ? listOf(list) : []));
}

/** What `store_runs` reads; a key's columns and the attributes are read by others. */
const readByItself = keys(columns.runs, columns.someRuns).filter((key) => !["attributes", "key", "hash"].includes(key));

describe("the columns of columns.ts are those that the functions of the database read, in their order", () => {
  it.each([
    ["append_checkpoints", /as s \((place, run, node[^)]*)\)/, keys(columns.steps)],
    ["store_attributes", /as r \((id, attributes)\)/, ["id", ...keys(columns.someRuns).filter((key) => key === "attributes")]],
    ["end_members", /as e \(([^)]*)\)/, keys(columns.failed)],
    ["store_runs", /with ordinality as r \(([^)]*), nth\)/, readByItself],
    ["describe_members", /json_build_object\('(id)', .*?'(place)', .*?'(workflow)', .*?'(version)', .*?'(input)', /, keys(columns.claimed)],
  ] as const)("in %s", (name, pattern, expected) => {
    expect(listed(name, pattern)).toEqual(expected);
  });

  it.each([
    ["append_failures", columns.failures],
    ["append_sleeps", { ...columns.sleeps, ...columns.size }],
    ["park_members", { ...columns.parks, ...columns.size, ...columns.elsewhere }],
    ["block_members", columns.blocked],
    ["patch_members", columns.attributes],
  ] as const)("and in %s with their types", (name, rows) => {
    const types = Object.entries(rows).map(([key, type]) => `${key} ${type.replace(" or null", "").replace(/^(error|object)$/, "jsonb")}`);
    const read = listed(name, /jsonb_to_recordset\(\w+\) as \w+ \(([^)]*)\)/);
    expect(read).toEqual(types);
  });
});

describe("the checks of a call know the same columns", () => {
  const sorted = (list: readonly string[]) => list.toSorted();

  it.each([
    ["check_steps", /steps - '{([^}]*)}'/, keys(columns.steps)],
    ["check_round", /'done', '{([^}]*)}'/, keys(columns.done)],
    ["check_round", /'failed', '{([^}]*)}'/, keys(columns.failed)],
    ["check_round", /'failures', '{([^}]*)}', '{}'/, keys(columns.failures)],
    ["check_round", /'sleeps', '{([^}]*)}', '{([^}]*)}'/, keys(columns.sleeps, columns.size)],
    ["check_round", /'timers', '{([^}]*)}', '{}'/, keys(columns.timers)],
    ["check_round", /'parks', '{([^}]*)}', '{([^}]*)}'/, keys(columns.parks, columns.size, columns.elsewhere)],
    ["check_round", /'released', '{([^}]*)}', '{([^}]*)}'/, keys(columns.parks)],
    ["check_round", /'blocked', '{([^}]*)}', '{}'/, keys(columns.blocked)],
    ["check_round", /'attributes', '{([^}]*)}', '{}'/, keys(columns.attributes)],
    ["store_runs", /runs, '{}', '{([^}]*)}'/, keys(columns.runs, columns.someRuns)],
    ["rows_as_columns", /runs, '{([^}]*)}'/, keys(columns.runs)],
    ["check_enqueue", /'shared', '{}', '{([^}]*)}'/, [...keys(columns.runs).filter((key) => key !== "id" && key !== "input"), "queue"]],
  ] as const)("%s (%s)", (name, pattern, expected) => {
    expect(sorted(listed(name, pattern))).toEqual(sorted(expected));
  });
});

it("of what only some runs have, what others do not need is named by store_runs alone, so that one more touches it alone", () => {
  const parts = ["check_enqueue", "check_keys", "enqueue_as_columns", "rows_as_columns", "remember_runs", "remember_request"];
  const named = new RegExp(
    `\\b(${keys(columns.someRuns)
      .filter((key) => readByItself.includes(key))
      .join("|")})\\b`,
  );
  expect(parts.filter((part) => named.test(textOf(part)))).toEqual([]);
});

describe("the headers of the calls tell the same columns", () => {
  const told = (name: string, pattern: RegExp) => listed(name, pattern).map((key) => key.replace("?", ""));

  it.each([
    [/steps { ([^}]*) }/, keys(columns.steps)],
    [/done { ([^}]*) }/, keys(columns.done)],
    [/failed { ([^}]*) }/, keys(columns.failed)],
    [/failures \[{ ([^}]*) }\]/, keys(columns.failures)],
    [/sleeps \[{ ([^}]*) }\]/, keys(columns.sleeps, columns.size)],
    [/timers \[{ ([^}]*) }\]/, keys(columns.timers)],
    [/parks \[{ ([^}]*) }\]/, keys(columns.parks, columns.size, columns.elsewhere)],
    [/blocked \[{ ([^}]*) }\]/, keys(columns.blocked)],
    [/attributes \[{ ([^}]*) }\]/, keys(columns.attributes)],
  ])("advance: %s", (pattern, expected) => {
    expect(told("advance", pattern)).toEqual(expected);
  });

  it("store_runs, for enqueue", () => {
    expect(told("store_runs", /runs: { ([^}]*) }/)).toEqual(keys(columns.runs, columns.someRuns));
  });
});
