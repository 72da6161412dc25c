import { existsSync } from "node:fs";
import { join } from "node:path";
import { bundleName, ROOT } from "../../infra/build.ts";
import { CALLS, type Environment, type Need, needsOfTheRuntime, SSM_KEY } from "./calls.ts";
import type { Case } from "./cases.ts";
import { commandsOf } from "./commands.ts";
import { couldBeAsked, everythingWith, neighboursOf } from "./neighbours.ts";
import { ACCOUNT, type Policy, type Request } from "./simulate.ts";
import type { Stage } from "./stack.ts";

/** A function of a stage, and all that it asks of AWS. */
interface Asker {
  readonly name: string;
  readonly needs: readonly Need[];
  ask(need: Need): Request;
}

/** What AWS writes into its key for SSM: who may use SSM decrypts through it. */
const KEY_POLICY: Policy = {
  Version: "2012-10-17",
  Statement: [
    {
      Effect: "Allow",
      Principal: { AWS: "*" },
      Action: ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:CreateGrant", "kms:DescribeKey"],
      Resource: "*",
      Condition: { StringEquals: { "kms:CallerAccount": ACCOUNT, "kms:ViaService": "ssm.eu-central-1.amazonaws.com" } },
    },
  ],
};

/** Each function's own calls; and against them the others', their neighbours, all other actions. */
export async function casesOfFunctions(stage: Stage): Promise<Case[]> {
  const askers = stage.bundles.map((bundle) => askerOf(stage, bundle.name, needsOf(stage, bundle.name)));
  const cases = await Promise.all(askers.map((asker) => casesOf(stage, asker, askers)));
  return cases.flat();
}

/** What the table does not say of a bundle's commands, and what it says in vain. */
export function checkTable({ bundles }: Stage): string[] {
  const sent = bundles.flatMap((bundle) => commandsOf(bundle).map(({ file, name }) => `${bundle.name}: ${name} in ${file}`));
  // The examples may have been removed.
  const there = CALLS.filter(({ file }) => existsSync(join(ROOT, file)));
  const rows = there.flatMap(({ file, command, sentBy, neverBy = {} }) =>
    [...sentBy, ...Object.keys(neverBy)].map((bundle) => `${bundle}: ${command} in ${file}`),
  );
  const missing = [...new Set(sent)].filter((each) => !rows.includes(each));
  const needless = rows.filter((each) => !sent.includes(each));
  return [
    ...missing.map((each) => `${each} has no row: say in test/iam/calls.ts what it asks of IAM.`),
    ...needless.map((each) => `${each} is no longer sent: take it out of test/iam/calls.ts.`),
  ];
}

function functionId({ stack }: Stage, name: string): string {
  const isOf = (id: string) => bundleName(`${String(stack.properties(id)["Handler"])}`.replace(/\.handler$/, "")) === name;
  return stack.ids("AWS::Lambda::Function").find(isOf)!;
}

function needsOf(stage: Stage, name: string): Need[] {
  const { Environment, FunctionName } = stage.stack.properties(functionId(stage, name)) as {
    Environment: { Variables: Environment };
    FunctionName: string;
  };
  const calls = CALLS.filter(({ sentBy }) => sentBy.includes(name));
  return [...calls.flatMap((call) => call.needs(Environment.Variables)), ...needsOfTheRuntime(FunctionName)];
}

function askerOf({ stack, service, stage }: Stage, name: string, needs: readonly Need[]): Asker {
  const { Role } = stack.properties(functionId({ stack } as Stage, name)) as { Role: string };
  const roleId = stack.ids("AWS::IAM::Role").find((id) => stack.arn(id) === Role)!;
  const identity = stack.policyOf(roleId);
  const principal = `arn:aws:sts::${ACCOUNT}:assumed-role/${Role.split("/").at(-1)}/${service}-${stage}`;
  const ask = (need: Need) => ({ ...need, principal, identity, ...(need.resource === SSM_KEY && { resourcePolicy: KEY_POLICY }) });
  return { name, needs, ask };
}

async function casesOf(stage: Stage, { name, needs, ask }: Asker, all: readonly Asker[]): Promise<Case[]> {
  const who = `${name} of ${stage.stack.name}`;
  const own = new Set(needs.map(keyOf));
  const known = new Set(all.flatMap((asker) => asker.needs.map(keyOf)));
  const touched = all.flatMap((asker) => asker.needs);
  const refuse = (need: Need, why: string): Case => ({ who, expected: "refused", why, request: ask(need) });
  return [
    ...needs.map((need): Case => ({ who, expected: "allowed", request: ask(need) })),
    ...touched.filter((need) => !own.has(keyOf(need))).map((need) => refuse(need, "which another function may")),
    ...needs
      .filter(isOurs)
      .flatMap((need) => Object.entries(neighboursOf(need.resource, stage)).map(([why, resource]) => refuse({ ...need, resource }, why))),
    ...needs.flatMap(elsewhere).map((need) => refuse(need, "for another service")),
    ...(await otherActions(touched, known, ask)).map((need) => refuse(need, "which no function does")),
  ];
}

const keyOf = ({ action, resource }: Need) => `${action} ${resource}`;
const isOurs = ({ resource }: Need) => resource !== SSM_KEY;

/** The same with other conditions, or none: a role for another service, a key used past SSM. */
function elsewhere({ action, resource, context }: Need): Need[] {
  if (context === undefined) return [];
  const others = ["lambda.amazonaws.com", "ec2.amazonaws.com", "states.amazonaws.com"];
  const [key = ""] = Object.keys(context);
  return [{ action, resource }, ...others.map((other) => ({ action, resource, context: { ...context, [key]: other } }))];
}

/** All that the services know to do with what the functions touch, but what one of them does. */
async function otherActions(touched: readonly Need[], known: ReadonlySet<string>, ask: Asker["ask"]): Promise<Need[]> {
  const resources = [...new Set(touched.filter(isOurs).map(({ resource }) => resource))];
  const actions = (await Promise.all(resources.map(everythingWith))).flat();
  const others = [...new Map(actions.map((need) => [keyOf(need), need])).values()].filter((need) => !known.has(keyOf(need)));
  const possible = await Promise.all(others.map((need) => couldBeAsked(ask(need))));
  return others.filter((_, index) => possible[index]);
}
