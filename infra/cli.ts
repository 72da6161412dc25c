#!/usr/bin/env node
import { readFileSync } from "node:fs";
import { Command, CommanderError, InvalidArgumentError } from "commander";
import { endWithReader } from "./cli/closed-pipe.ts";
import { EXIT, exitCodeOf } from "./cli/exit-codes.ts";

// What a command needs is loaded when it runs: its help needs none of it, and no optional package.

endWithReader();

const program = new Command("pgbaton")
  .description("Durable workflows in your own Postgres. All commands but init, logins and doctor --stage work with DATABASE_URL alone.")
  .version(versionOf())
  .exitOverride()
  .showHelpAfterError("(add --help for what it takes)");

const url = ["--url <url>", "the database (default: DATABASE_URL)"] as const;
const schema = ["--schema <name>", "where the service keeps its runs (default: BATON_SCHEMA, or baton)"] as const;
const service = [
  "--service <service>",
  "the service, as its parameters are called (default: that of serverless.yml here, or baton)",
] as const;
const json = ["--json", "print the raw answer"] as const;
const yes = ["--yes", "do it without being asked"] as const;

program
  .command("init")
  .description("write a first workflow and its entry into this project, and print what its infrastructure needs")
  .action(async () => (await import("./cli/init.ts")).initProject(process.cwd()));

program
  .command("dev")
  .description("run this project's workflows here, with a Postgres of their own, and again whenever a source changes")
  .argument("[entry]", "the module that exports workflows (default: baton/index)")
  .option("--port <port>", "of the HTTP API on 127.0.0.1", portNumber, 4620)
  .option("--url <url>", "a database to use instead (default: DATABASE_URL; without it, one in .baton/)")
  .action(async (entry: string | undefined, flags) => (await import("./dev.ts")).startDev({ entry, ...flags }));

program
  .command("migrate")
  .description("bring the schema of a database up to this version, as its owner")
  .option(...url)
  .option(...schema)
  .option("--service <service>", "whose name new group roles carry", "baton")
  .option("--no-roles", "make no roles and grant nothing")
  .option("--search", "make what search needs, too")
  .option("--print", "print all the SQL instead, for who runs it by other means")
  .option("--from <migration>", "with --print: only what comes after this migration, such as 0010_retention")
  .action(async (flags) => (await import("./cli/migrate.ts")).migrateDatabase(flags));

program
  .command("logins")
  .description("make the logins, their connection strings in SSM and an API key for a stage on AWS")
  .requiredOption("--stage <stage>", "the stage, such as prod")
  .option(...service)
  .option("--region <region>", "of the parameters (default: AWS_REGION)")
  .option("--functions-host <host>", "the host that functions reach the database by, such as a pooler's (default: that of the URL)")
  .option("--rotate", "give new passwords to logins that have one")
  .option(...url)
  .option(...schema)
  .option(...yes)
  .action(async (flags) => (await import("./cli/logins.ts")).makeLogins(flags));

program
  .command("trigger")
  .description("store a run of a workflow")
  .argument("<workflow>", "its name")
  .option("--data <json>", "the input: JSON, @file, or - for standard input (default: {})")
  .option("--entry <module>", "the module that exports workflows: its newest version is taken, and checks the input")
  .option("--workflow-version <version>", "its version (default: that of its newest run)", wholeNumber)
  .option("--key <key>", "an idempotency key: the same key gives the same run for 7 days")
  .option("--delay <duration>", 'when it starts, such as "10 minutes"')
  .option("--wait", "follow it to its end; 6 unless it is done")
  .option("--timeout <duration>", "how long to follow it; then 124")
  .option(...url)
  .option(...schema)
  .option(...json)
  .action(async (workflow: string, flags) => (await import("./cli/trigger.ts")).triggerRun(workflow, flags));

const runs = program.command("runs").description("look at runs, and steer them");

runs
  .command("list")
  .description("a page of runs, newest first")
  .option("--workflow <name>")
  .option("--run-version <version>", "of the workflow", wholeNumber)
  .option("--status <status>", "ready, running, waiting, blocked, done, failed or cancelled")
  .option("--attributes <json>", "what the attributes contain")
  .option("--created-after <time>")
  .option("--created-before <time>")
  .option("--ended-after <time>")
  .option("--ended-before <time>")
  .option("--error-name <name>")
  .option("--failed-node <node>")
  .option("--limit <n>", "1 to 100 (default: 20)", wholeNumber)
  .option("--cursor <cursor>", "that of the page before")
  .option(...url)
  .option(...schema)
  .option(...json)
  .action(async (flags) => (await import("./cli/runs.ts")).listRuns(flags));

runs
  .command("get")
  .description("a run with its steps, as JSON")
  .argument("<id>")
  .option(...url)
  .option(...schema)
  .option(...json)
  .action(async (id: string, flags) => (await import("./cli/runs.ts")).getRun(id, flags));

runs
  .command("tail")
  .description("follow a run to its end; 6 unless it is done")
  .argument("<id>")
  .option("--timeout <duration>", 'how long to follow it, such as "10 minutes"; then 124 (default: to its end)')
  .option("--json", "print the run itself at the end")
  .option(...url)
  .option(...schema)
  .action(async (id: string, flags) => (await import("./cli/tail.ts")).tailRun(id, flags));

runs
  .command("signal")
  .description("send a run what it waits for")
  .argument("<run>", "its id, or with --key the name of its workflow")
  .argument("<name>", "of the signal")
  .argument("[json]", "the payload", "null")
  .option("--key <key>", "the business key by which it waits")
  .option("--id <id>", "the same id sends the same signal, for 7 days")
  .option(...yes)
  .option(...url)
  .option(...schema)
  .option(...json)
  .action(async (to: string, name: string, payload: string, flags) =>
    (await import("./cli/signal.ts")).signalRun(to, name, payload, flags),
  );

const steering = (action: string, description: string) =>
  runs
    .command(action)
    .description(description)
    .argument("<ids...>", "of the runs, or - for ids on standard input")
    .option(...yes)
    .option(...url)
    .option(...schema)
    .option(...json);

steering("cancel", "ask runs to stop")
  .option("--undo", "undo what they have done before they end")
  .action(async (ids: string[], flags) => (await import("./cli/runs.ts")).steerRuns("cancel", ids, flags));

steering("redrive", "let failed runs go on where they stopped").action(async (ids: string[], flags) =>
  (await import("./cli/runs.ts")).steerRuns("redrive", ids, flags),
);

program
  .command("signals")
  .description("look at signals")
  .command("unclaimed")
  .description("a page of the keys by which signals were sent that no run has waited for yet")
  .option("--workflow <name>")
  .option("--limit <n>", "1 to 100 (default: 20)", wholeNumber)
  .option("--cursor <cursor>", "that of the page before")
  .option(...url)
  .option(...schema)
  .option(...json)
  .action(async (flags) => (await import("./cli/signals.ts")).listUnclaimed(flags));

program
  .command("doctor")
  .description("look at a database, and with --stage at a stage on AWS, and say what is to be mended; 5 if there is something")
  .option("--stage <stage>", "look at its parameters, logins and quota too; the URL is the owner's")
  .option(...service)
  .option("--region <region>", "of the stage (default: AWS_REGION)")
  .option(...url)
  .option(...schema)
  .option(...json)
  .action(async (flags) => (await import("./cli/doctor.ts")).examine(flags));

function wholeNumber(text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new InvalidArgumentError("It takes a whole number.");
}

function portNumber(text: string): number {
  if (/^\d{1,5}$/.test(text) && Number(text) < 65_536) return Number(text);
  throw new InvalidArgumentError("It takes a number from 1 to 65535, or 0 for any that is free.");
}

/** Beside this file's folder lies package.json, or, in the package, two folders up. */
function versionOf(): string {
  for (const path of ["../package.json", "../../../package.json"]) {
    try {
      return (JSON.parse(readFileSync(new URL(path, import.meta.url), "utf8")) as { version: string }).version;
    } catch {
      continue;
    }
  }
  return "unknown";
}

function endWith(thrown: unknown): number {
  if (thrown instanceof CommanderError) return thrown.exitCode === 0 ? 0 : EXIT.usage;
  process.stderr.write(`${(thrown as Error).message}\n`);
  return exitCodeOf(thrown);
}

try {
  await program.parseAsync();
} catch (thrown) {
  process.exitCode = endWith(thrown);
}
