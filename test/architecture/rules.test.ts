import { describe, expect, it } from "vitest";
import { RULES, RULES_OF_ALL } from "../../infra/check/architecture.ts";
import { impurities } from "../../infra/check/purity.ts";
import { longFiles, membersElsewhere, secondWords, untidySqlFunctions, wideComments } from "../../infra/check/shape.ts";
import { readSources } from "../../infra/check/sources.ts";

const sources = readSources();

describe("the sources of this project", () => {
  it("are all looked at", () => {
    const folders = new Set(sources.map(({ path }) => path.split("/").slice(0, 2).join("/")));
    expect([...folders]).toEqual(
      expect.arrayContaining(["shared/domain", "shared/engine", "shared/db", "sql/functions", "sql/migrations"]),
    );
    expect([...folders].filter((folder) => /^(examples\/)?test/.test(folder))).toEqual([]);
  });

  it.each(Object.entries(RULES))("keep the rule that %s", (_, check) => {
    expect(check(sources)).toEqual([]);
  });

  it.each(Object.entries(RULES_OF_ALL))("and the tests keep the rule that %s", (_, check) => {
    const all = readSources({ tests: true });
    expect(all.some(({ path }) => path === "test/architecture/rules.test.ts")).toBe(true);
    expect(check(all)).toEqual([]);
  });
});

describe("a clock, chance and the outside", () => {
  it.each([
    ["shared/domain/run.ts", "const now = Date.now();"],
    ["shared/domain/run.ts", "return new Date().toISOString();"],
    ["shared/domain/run.ts", "return performance.now();"],
    ["shared/domain/run.ts", "return Math.random();"],
    ["shared/domain/run.ts", "return process.env;"],
    ["shared/engine/poll/lease.ts", "const now = performance.now();"],
    ["shared/engine/poll/lease.ts", "const token = Math.random();"],
    ["shared/db/run-repository.ts", "values: [new Date(run.at)]"],
    ["sql/functions/tick.sql", "select clock_timestamp();"],
    ["sql/functions/tick.sql", "delete from baton.dedup where expires_at < now();"],
    ["sql/functions/tick.sql", "delete from x where id in (select id from x\n limit 5 for update skip locked)"],
  ])("may not be used in %s as in %j", (path, text) => {
    expect(impurities([{ path, text }])).toHaveLength(1);
  });

  it.each([
    ["shared/domain/run.ts", "// Date.now() is not for us\nnew Date(sleptMs).toISOString();"],
    ["shared/domain/run.ts", 'const message = "use Math.random()";'],
    ["shared/engine/ports.ts", "now: () => performance.now(),"],
    ["sql/functions/now.sql", "as $$ select clock_timestamp() $$;"],
    ["sql/functions/tick.sql", "moment timestamptz := baton.now(); -- not now()"],
  ])("may be spoken of, or used where they belong, in %s as in %j", (path, text) => {
    expect(impurities([{ path, text }])).toEqual([]);
  });
});

describe("a long file", () => {
  it("has over 250 lines, or over 40 as a Lambda function", () => {
    const lines = (path: string, many: number) => ({ path, text: "x\n".repeat(many) });
    const files = [lines("shared/a.ts", 250), lines("shared/b.ts", 251), lines("functions/c.ts", 40), lines("functions/d.ts", 41)];
    expect(longFiles(files)).toEqual(["shared/b.ts: 251 lines", "functions/d.ts: 41 lines"]);
  });
});

describe("a file of sql/functions", () => {
  const tidy = "-- Ticks.\ncreate or replace function baton.tick() returns jsonb\nlanguage sql as $$ select '{}'::jsonb $$;";

  it("may be tidy", () => {
    expect(untidySqlFunctions([{ path: "sql/functions/tick.sql", text: tidy }])).toEqual([]);
  });

  it.each([
    ["a header", tidy.replace("-- Ticks.\n", ""), "without a comment"],
    ["one function", tidy + tidy.replace("-- Ticks.", ""), "creates 2 functions"],
    ["its own name", tidy.replace("baton.tick", "baton.tock"), "name the file after it"],
    ...["replayed", "stopped_among", "place_of", "pointer_to", "due_again", "without"].map((name) => [
      `another name than ${name}`,
      tidy.replace("baton.tick", `baton.${name}`),
      "say what it does",
      name,
    ]),
    ["a fixed search path", tidy.replace("language sql", "language sql security definer set timezone = 'UTC'"), "without: set search_path"],
    [
      "a fixed time zone",
      tidy.replace("language sql", "language sql security definer set search_path = pg_catalog, baton, pg_temp"),
      "without: set timezone",
    ],
    [
      "its owner's rights",
      tidy.replace("Ticks.", "Ticks.\n-- grant: baton_reader").replace("'{}'::jsonb", "x from baton.run"),
      "SECURITY DEFINER",
    ],
  ])("needs %s", (_, text = "", problem = "", name = "tick") => {
    expect(untidySqlFunctions([{ path: `sql/functions/${name}.sql`, text }])).toEqual([expect.stringContaining(problem)]);
  });
});

describe("a line of a comment", () => {
  const long = "x".repeat(98);

  it.each([
    ["shared/a.ts", `// ${long}\n/** ${long} */\n * ${long}`, ["shared/a.ts:1: 101", "shared/a.ts:2: 105", "shared/a.ts:3: 101"]],
    ["shared/a.ts", `// ${long.slice(1)}\nconst a = "${long}";`, []],
    ["sql/functions/a.sql", `-- ${long}\n  -- ${long}`, ["sql/functions/a.sql:1: 101", "sql/functions/a.sql:2: 103"]],
    ["sql/migrations/0001_run.sql", `-- ${long}`, []],
    ["sql/migrations/0999_new.sql", `-- ${long}`, ["sql/migrations/0999_new.sql:1: 101"]],
  ])("has at most 100 columns in %s as in %j", (path, text, found) => {
    expect(wideComments([{ path, text }])).toEqual(found);
  });
});

describe("a member of an interface", () => {
  const named = (comment: string, type = "interface Lease") =>
    membersElsewhere([{ path: "a.ts", text: `${comment}\nexport ${type} {\n  readonly token: string;\n  ends?: number;\n}\n` }]);

  it.each([
    ["/** A lease. token: it is random. */", ["a.ts: Lease.token"]],
    ["/**\n * token: random;\n * ends: when.\n */", ["a.ts: Lease.token", "a.ts: Lease.ends"]],
    ["/** A lease, as `token: string`. Others end: not this. */", []],
    ["/** One. */\n\n/** A lease with a token. */", []],
  ])("is explained above its own line, not in %j", (comment, found) => {
    expect(named(comment)).toEqual(found);
    expect(named(comment, "type Lease =")).toEqual(found);
  });
});

describe("a second word for a concept", () => {
  it.each([
    ["shared/engine/run-job.ts", "", "run-job (say run)"],
    ["shared/engine/poll/lease.ts", "class TaskConsumer {}", "TaskConsumer (say run)"],
    ["sql/migrations/0009_x.sql", "create table baton.workers ();", "workers (say poller)"],
  ])("in %s is found", (path, text, found) => {
    expect(secondWords([{ path, text }])).toEqual([`${path}: ${found}`]);
  });

  it("in prose or in text is left alone", () => {
    const text = '// A job queue.\nconst message = "the job"; /* task */ const taskless = 1;';
    expect(secondWords([{ path: "shared/engine/poll/lease.ts", text }])).toEqual([]);
  });
});
