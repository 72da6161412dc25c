import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { ROOT } from "../../infra/build.ts";
import type { Refusal } from "../../infra/local/host/access.ts";
import { intrinsicsOf } from "../../infra/local/host/intrinsics.ts";
import { templateFrom } from "../../infra/local/host/template.ts";
import { refusalLines } from "../../infra/local/start/refusal-lines.ts";
import { roleJourneys, WORKFLOWS } from "../support/role-journeys.ts";
import { type Resource, templateOf } from "../support/template.ts";

interface Statement {
  readonly Action: string | readonly string[];
  readonly Resource: unknown;
  readonly Condition?: unknown;
}

/** One right that a role gives: one action on one resource of one statement. */
interface Right {
  readonly role: string;
  readonly statement: number;
  readonly action: string;
  readonly resource: unknown;
  readonly arn: string;
  readonly condition: unknown;
}

/** What no function asks for: AWS does it with the function's role. */
const ASKED_BY_AWS: Readonly<Record<string, string>> = {
  "logs:CreateLogStream": "Lambda's runtime opens the stream of an instance before the function runs",
  "logs:PutLogEvents": "Lambda's runtime writes what the function prints",
};

const made = await templateOf("dev", undefined, WORKFLOWS);
const { byRole, pass } = await roleJourneys();
const resolve = intrinsicsOf(made.resources);
const roles = made.all("AWS::IAM::Role");
const rights = roles.flatMap(([role, { Properties }]) =>
  statementsOf(Properties).flatMap((given, statement) =>
    many(given.Action).flatMap((action) =>
      many(given.Resource).map((resource): Right => ({
        role,
        statement,
        action: String(action),
        resource,
        arn: resolve(resource, role),
        condition: given.Condition,
      })),
    ),
  ),
);
const asked = rights.filter(({ action }) => ASKED_BY_AWS[action] === undefined);

function many(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [value];
}

function statementsOf(properties: unknown): readonly Statement[] {
  const [policy, ...others] = (properties as { Policies: { PolicyDocument: { Statement: Statement[] } }[] }).Policies;
  expect(others).toEqual([]);
  return policy!.PolicyDocument.Statement;
}

/** The template, one of its resources changed. */
function changed(id: string, change: (resource: Resource) => void) {
  const document = structuredClone(made.document);
  change(document.Resources[id]!);
  return document;
}

/** The template without one right: its statement is taken apart, so that all others stay. */
function without({ role, statement, action, resource }: Right) {
  return changed(role, ({ Properties }) => {
    const [policy] = Properties["Policies"] as { PolicyDocument: { Statement: Statement[] } }[];
    const given = policy!.PolicyDocument.Statement[statement]!;
    const pairs = many(given.Action).flatMap((Action) => many(given.Resource).map((Resource) => ({ ...given, Action, Resource })));
    const isTaken = (pair: { Action: unknown; Resource: unknown }) =>
      pair.Action === action && JSON.stringify(pair.Resource) === JSON.stringify(resource);
    policy!.PolicyDocument.Statement.splice(statement, 1, ...(pairs.filter((pair) => !isTaken(pair)) as Statement[]));
  });
}

/** What the first of a role's journeys is refused that is refused anything. */
async function firstRefused(role: string, document: unknown) {
  for (const journey of byRole[role] ?? []) {
    const { refusals } = await pass(made, document, journey);
    if (refusals.length > 0) return refusals;
  }
  return [];
}

/** What the file says when the line is pasted in front of the statements of a role, as it is. */
function statementAdded(file: string, role: string, line: string): Statement {
  const text = readFileSync(join(ROOT, file), "utf8").replaceAll("${self:service}", "baton").replaceAll("${sls:stage}", "dev");
  const begin = text.indexOf("Statement:\n", text.indexOf("      Policies:\n", text.indexOf(`\n  ${role}:\n`))) + "Statement:\n".length;
  const pasted = line.replaceAll("${self:service}", "baton").replaceAll("${sls:stage}", "dev");
  const { Resources } = parse(`${text.slice(0, begin)}${pasted}\n${text.slice(begin)}`) as { Resources: Record<string, Resource> };
  return statementsOf(Resources[role]!.Properties)[0]!;
}

/** What people are told to add to which file, with the names of this service and stage in it. */
function advised(refusal: Refusal) {
  const [told = "", yaml = ""] = refusalLines(refusal, templateFrom(made.document));
  const [, role = "", file = ""] = /add to the statements of (\w+) in (\S+):$/.exec(told) ?? [];
  const added = statementAdded(file, role, yaml);
  return { role, actions: many(added.Action), arn: resolve(added.Resource, "the advice"), condition: added.Condition };
}

const noJourney = "No journey needs it: take it out of infra/*.yml, or teach the journey that does to test/support/role-journeys.ts.";
const journeys = Object.entries(byRole).flatMap(([role, all]) => all.map((journey) => [role, journey.name, journey] as const));

describe(`${asked.length} rights of ${roles.length} roles`, () => {
  test.each(journeys)("%s allows everything that is needed when %s", async (_role, _name, journey) => {
    expect(await pass(made, made.document, journey)).toEqual({ refusals: [], end: journey.end });
  });

  test.each(asked.map((right) => [right.role, right.action, right.arn.split(":").at(-1)!, right] as const))(
    "%s needs %s on %s: without it a journey is refused just that, says so, and people are told what to add",
    async (role, _action, _resource, right) => {
      const { action, arn, condition } = right;
      const refusals = await firstRefused(role, without(right));
      expect(refusals, noJourney).not.toEqual([]);
      for (const refusal of refusals) {
        expect([refusal.roleId, refusal.right.action, refusal.right.resource]).toEqual([role, action, arn]);
        expect(advised(refusal)).toEqual({ role, actions: expect.arrayContaining([action]), arn, condition });
        expect(refusal.message).toBe(
          `User: arn:aws:sts::000000000000:assumed-role/${role}/${refusal.who} is not authorized to perform: ${action} on resource: ${arn} because no identity-based policy allows the ${action} action`,
        );
      }
    },
  );
});

test("what no journey needs is AWS's own to ask for, each with its reason, and only on the function's own log", () => {
  const byAws = rights.filter(({ action }) => Object.hasOwn(ASKED_BY_AWS, action));
  expect([...new Set(byAws.map(({ action }) => action))].sort()).toEqual(Object.keys(ASKED_BY_AWS).sort());
  for (const { role, arn } of byAws) {
    const [, name] = made
      .all("AWS::Lambda::Function")
      .find(([, { Properties }]) => JSON.stringify(Properties["Role"]).includes(`"${role}"`))!;
    expect(arn).toBe(`arn:aws:logs:eu-local-1:000000000000:log-group:/aws/lambda/${String(name.Properties["FunctionName"])}:*`);
  }
});

test("who lacks the right to move the schedule is told of that to make it too", async () => {
  const silent = changed("PollQueueRole", ({ Properties }) => {
    const statements = statementsOf(Properties) as Statement[];
    statements.splice(
      statements.findIndex(({ Action }) => many(Action)[0] === "scheduler:CreateSchedule"),
      1,
    );
  });
  const [refusal] = await firstRefused("PollQueueRole", silent);
  expect(advised(refusal!).actions).toEqual(["scheduler:CreateSchedule", "scheduler:UpdateSchedule"]);
});

test("the poller may pass its role to the Scheduler alone", async () => {
  const elsewhere = changed("PollQueueRole", ({ Properties }) => {
    const passing = statementsOf(Properties).find(({ Action }) => Action === "iam:PassRole") as unknown as { Condition: unknown };
    passing.Condition = { StringEquals: { "iam:PassedToService": "ecs-tasks.amazonaws.com" } };
  });
  expect((await firstRefused("PollQueueRole", elsewhere)).map(({ right }) => right.action)).toEqual(["iam:PassRole"]);
});

test("what a statement denies is refused although another one allows it, and people are told which role denies it", async () => {
  const denied = changed("PollQueueRole", ({ Properties }) => {
    (statementsOf(Properties) as unknown[]).push({ Effect: "Deny", Action: "ssm:Put*", Resource: "*" });
  });
  const [refusal] = await firstRefused("PollQueueRole", denied);
  expect(refusal?.message).toMatch(/ssm:PutParameter on resource: \S+ with an explicit deny in an identity-based policy$/);
  expect(refusalLines(refusal!, templateFrom(denied))).toEqual([
    expect.stringMatching(/^Refused   baton-dev-pollQueue: .* A statement of PollQueueRole in infra\/roles\.yml denies it\.$/),
  ]);
});

test.each(roles.map(([id]) => id))("%s is needed with its trust: without it AWS would deploy nothing", (id) => {
  const untrusted = changed(id, ({ Properties }) => {
    (Properties["AssumeRolePolicyDocument"] as { Statement: unknown[] }).Statement = [];
  });
  expect(() => templateFrom(untrusted)).toThrow(new RegExp(`its role ${id} cannot be assumed by (lambda|scheduler)\\.amazonaws\\.com`));
});

test("a key of one's own for the secrets is one statement more for each function, and the local host takes it", () => {
  const document = structuredClone({ ...made.document, Conditions: { ...made.conditions } });
  document.Conditions["SecretsHaveAKey"] = { "Fn::Not": [{ "Fn::Equals": ["arn:aws:kms:eu-central-1:123456789012:key/k", ""] }] };
  const counts = ({ roles }: ReturnType<typeof templateFrom>) => roles.map(({ name, statements }) => [name, statements.length] as const);
  const before = new Map(counts(templateFrom(made.document)));
  expect(counts(templateFrom(document)).map(([name, count]) => [name, count - before.get(name)!])).toEqual([
    ["EnqueueRunRole", 1],
    ["ControlRunsRole", 1],
    ["AnswerWaitsRole", 1],
    ["PollQueueRole", 1],
    ["MaintainRole", 1],
    ["PollQueueScheduleRole", 0],
    ["MaintainScheduleRole", 0],
  ]);
});

test("a schedule's role is for this account's schedules alone", () => {
  const strange = changed("PollQueueScheduleRole", ({ Properties }) => {
    const { Statement } = Properties["AssumeRolePolicyDocument"] as { Statement: { Condition: unknown }[] };
    Statement[0]!.Condition = { StringEquals: { "aws:SourceAccount": "111111111111" } };
  });
  expect(() => templateFrom(strange)).toThrow("its role PollQueueScheduleRole cannot be assumed by scheduler.amazonaws.com");
});

test.each([
  ["EnqueueRunRole", "EnqueueRunLambdaPermissionHttpApi"],
  ["ControlRunsRole", "ControlRunsLambdaPermissionHttpApi"],
  ["AnswerWaitsRole", "AnswerWaitsLambdaPermissionHttpApi"],
])("the gateway may call the function of %s by %s alone", async (role, permission) => {
  const { [permission]: taken, ...Resources } = made.document.Resources;
  expect(taken).toBeDefined();
  const [journey] = byRole[role]!;
  const { refusals } = await pass(made, { ...made.document, Resources }, journey!);
  expect(refusals.map(({ message }) => message)).toEqual([
    expect.stringMatching(
      /^User: apigateway\.amazonaws\.com is not authorized to perform: lambda:InvokeFunction on resource: arn:aws:lambda:\S+ because no resource-based policy allows/,
    ),
  ]);
  expect(refusalLines(refusals[0]!, templateFrom(made.document))).toEqual([
    expect.stringMatching(
      /^Refused   apigateway\.amazonaws\.com: .* The function has no AWS::Lambda::Permission for apigateway\.amazonaws\.com/,
    ),
  ]);
});
