import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeEach, expect, test } from "vitest";
import { parse } from "yaml";
import { ROOT } from "../../infra/build.ts";
import { templateOf } from "../support/template.ts";
import { awsCommands, exportedFirst, filled } from "./commands.ts";
import { EXPECTED } from "./expected.ts";
import { type Known, startRecording } from "./recording.ts";
import { shellAt } from "./shell.ts";

const recording = await startRecording(await knownOf("prod", "pr-42"));
const run = shellAt(recording.url);
const commands = awsCommands().map((command) => ({ ...command, typed: filled(command) }));

beforeEach(() => {
  recording.asked.length = 0;
});
afterAll(() => recording.close());

/** What the template makes for a stage; another stage has the same with its own name. */
async function knownOf(stage: string, other: string): Promise<Known> {
  const template = await templateOf(stage);
  const named = (type: string, property: string) => {
    const names = template.all(type).map(([, { Properties }]) => String(Properties[property]));
    return [...names, ...names.map((name) => name.replace(`baton-${stage}`, `baton-${other}`))];
  };
  return {
    functions: named("AWS::Lambda::Function", "FunctionName"),
    logGroups: named("AWS::Logs::LogGroup", "LogGroupName"),
    scheduleGroups: named("AWS::Scheduler::ScheduleGroup", "Name"),
  };
}

test("each command that the docs give is expected by one row, and each row expects one that they give", () => {
  const rows = commands.map(({ typed }) => EXPECTED.filter(({ has }) => has.test(typed)).length);
  expect(commands.filter((_, index) => rows[index] !== 1)).toEqual([]);
  expect(EXPECTED.filter(({ has }) => commands.every(({ typed }) => !has.test(typed)))).toEqual([]);
});

test.each(commands)("$page: $text", async ({ typed }) => {
  const { typed: answers = [], asks, says } = EXPECTED.find(({ has }) => has.test(typed))!;
  const outcome = await run(`${exportedFirst()}\n${typed}`, answers.map((line) => `${line}\n`).join(""));
  expect(outcome).toMatchObject({ code: 0, stderr: "" });
  expect(recording.asked).toMatchObject(asks.map((each) => ({ ...each, region: "eu-central-1" })));
  expect(outcome.stdout).toMatch(says);
});

test("what the docs give as parameters of the role for GitHub is what its template takes", async () => {
  const deploy = commands.find(({ typed }) => typed.includes("cloudformation deploy"));
  const template = parse(readFileSync(join(ROOT, "infra/github/deployer-role.yml"), "utf8")) as {
    Parameters: Record<string, { AllowedPattern?: string; Default?: string }>;
  };
  const given = new Map([...deploy!.typed.matchAll(/\b([A-Z]\w+)=(\S+)/g)].map(([, key, value]) => [key!, value!]));
  const needed = Object.entries(template.Parameters).filter(([, parameter]) => parameter.Default === undefined);
  expect([...given.keys()]).toEqual(expect.arrayContaining(needed.map(([key]) => key)));
  for (const [key, value] of given) expect(value).toMatch(new RegExp(template.Parameters[key]!.AllowedPattern!));
});

test.each([
  ["a flag that the CLI does not have", (typed: string) => typed.replace("--function-name", "--lambda-name")],
  ["a function that the template does not make", (typed: string) => typed.replace("pollQueue", "pollQueues")],
  ["a payload that the CLI takes for base64", (typed: string) => typed.replace(/--cli-binary-format \S+/, "")],
])("%s is noticed", async (_what, spoil) => {
  const wake = commands.find(({ typed }) => typed.startsWith("aws lambda invoke"));
  const outcome = await run(`${exportedFirst()}\n${spoil(wake!.typed)}`);
  expect(outcome.code).not.toBe(0);
});
