import { readFileSync } from "node:fs";
import * as z from "zod";
import { scheduleGroupArn } from "./arns.ts";
import { intrinsicsOf, type Resolve } from "./intrinsics.ts";
import { located } from "./place.ts";
import { permissionsOf } from "./permissions.ts";
import { resourcesOf, UnknownTemplateError } from "./resources.ts";
import type { Statement } from "./role-policy.ts";
import { checkTrust, type RoleFacts, rolesOf } from "./roles.ts";
import { standingResources } from "./template-conditions.ts";

/** One `AWS::Lambda::Function` of the template. */
export interface FunctionFacts {
  readonly logicalId: string;
  readonly name: string;
  /** The bundle's path without its ending, and the name of the export in it. */
  readonly module: string;
  readonly handler: string;
  readonly timeoutMs: number;
  readonly memoryMb: number;
  /** Instances at the same time; undefined where none are reserved. */
  readonly reservedConcurrency: number | undefined;
  /** How long an asynchronous event may wait for an instance. */
  readonly maximumEventAgeMs: number;
  readonly environment: Readonly<Record<string, string>>;
  /** What it may ask of AWS. */
  readonly role: RoleFacts;
}

/** `POST /runs/{id}/cancel` and the logical id of its function. */
export interface RouteFacts {
  readonly key: string;
  readonly functionId: string;
}

export interface ScheduleFacts {
  readonly name: string;
  readonly group: string;
  readonly everyMs: number;
  readonly functionId: string;
  /** The event's payload, if the schedule names one. */
  readonly input: string | undefined;
  /** The role that it invokes the function with. */
  readonly role: RoleFacts;
  /** Where an event goes that could not be delivered. */
  readonly deadLetterArn: string | undefined;
}

/**
 * What the local host serves: the part of a synthesised CloudFormation template that it
 * understands.
 */
export interface Template {
  readonly functions: readonly FunctionFacts[];
  readonly routes: readonly RouteFacts[];
  readonly schedules: readonly ScheduleFacts[];
  readonly roles: readonly RoleFacts[];
  /** What services of AWS, such as the gateway, may do with functions. */
  readonly permissions: readonly Statement[];
  /** The names of the groups of schedules, besides `default`. */
  readonly scheduleGroups: readonly string[];
}

const GetAtt = z.object({ "Fn::GetAtt": z.tuple([z.string(), z.literal("Arn")]) });
const Ref = z.object({ Ref: z.string() });
const LambdaFunction = z.object({
  FunctionName: z.string(),
  Handler: z.string().regex(/^(.*\/)?[^./]+\.[^./]+$/, "is not of the form folder/file.export"),
  Timeout: z.number(),
  MemorySize: z.number(),
  ReservedConcurrentExecutions: z.number().optional(),
  Environment: z.object({ Variables: z.record(z.string(), z.unknown()) }),
  Role: GetAtt,
});
const InvokeConfig = z.object({ FunctionName: Ref, MaximumEventAgeInSeconds: z.number().default(21_600) });
const Integration = z.object({ IntegrationUri: GetAtt });
const Route = z.object({ RouteKey: z.string(), Target: z.object({ "Fn::Join": z.tuple([z.literal("/"), z.tuple([z.string(), Ref])]) }) });
const Schedule = z.object({
  ScheduleExpression: z.string().regex(/^rate\(\d+ (minute|hour|day)s?\)$/, "is not of the form rate(5 minutes)"),
  State: z.enum(["ENABLED", "DISABLED"]).default("ENABLED"),
  GroupName: z.unknown().optional(),
  Target: z.object({
    Arn: GetAtt,
    RoleArn: GetAtt,
    Input: z.string().optional(),
    DeadLetterConfig: z.object({ Arn: z.unknown() }).optional(),
  }),
});
const ScheduleGroup = z.object({ Name: z.unknown() });

/**
 * Reads a template as `serverless package` writes it. Throws UnknownTemplateError, and
 * RefusedTemplateError for what AWS would not deploy.
 */
export function readTemplate(file: string): Template {
  return templateFrom(JSON.parse(readFileSync(file, "utf8")));
}

/** The same of a template that was read. */
export function templateFrom(document: unknown): Template {
  const known = standingResources(document);
  const resolve = intrinsicsOf(known);
  const roles = rolesOf(known, resolve);
  const world = { resolve, roles };
  const all = <Facts>(type: string, schema: z.ZodType<Facts>) => resourcesOf(known, type, schema);
  const functions = all("AWS::Lambda::Function", LambdaFunction);
  const ages = [...all("AWS::Lambda::EventInvokeConfig", InvokeConfig).values()];
  const integrations = all("AWS::ApiGatewayV2::Integration", Integration);
  return {
    functions: [...functions].map(([id, facts]) => functionFacts(id, facts, ages, world)),
    routes: [...all("AWS::ApiGatewayV2::Route", Route).values()].map((route) => routeFacts(route, integrations)),
    schedules: [...all("AWS::Scheduler::Schedule", Schedule)]
      .filter(([, { State }]) => State === "ENABLED")
      .map(([id, facts]) => scheduleFacts(id, facts, world)),
    roles: [...roles.values()],
    permissions: permissionsOf(known, resolve),
    scheduleGroups: [...all("AWS::Scheduler::ScheduleGroup", ScheduleGroup)].map(([id, { Name }]) => resolve(Name, `${id}.Name`)),
  };
}

/** What the facts of functions and schedules are made with. */
interface World {
  readonly resolve: Resolve;
  readonly roles: ReadonlyMap<string, RoleFacts>;
}

function functionFacts(
  id: string,
  facts: z.output<typeof LambdaFunction>,
  ages: z.output<typeof InvokeConfig>[],
  { resolve, roles }: World,
): FunctionFacts {
  const role = roleOf(id, facts.Role, roles);
  checkTrust(role, "lambda.amazonaws.com", id);
  const dot = facts.Handler.lastIndexOf(".");
  const age = ages.find(({ FunctionName }) => FunctionName.Ref === id) ?? InvokeConfig.parse({ FunctionName: { Ref: id } });
  return {
    logicalId: id,
    name: facts.FunctionName,
    module: facts.Handler.slice(0, dot),
    handler: facts.Handler.slice(dot + 1),
    timeoutMs: facts.Timeout * 1000,
    memoryMb: facts.MemorySize,
    reservedConcurrency: facts.ReservedConcurrentExecutions,
    maximumEventAgeMs: age.MaximumEventAgeInSeconds * 1000,
    environment: Object.fromEntries(
      Object.entries(facts.Environment.Variables).map(([name, value]) => [name, resolve(value, `${id}.${name}`)]),
    ),
    role,
  };
}

function roleOf(user: string, { "Fn::GetAtt": [id] }: z.output<typeof GetAtt>, roles: ReadonlyMap<string, RoleFacts>): RoleFacts {
  const role = roles.get(id);
  if (role === undefined)
    throw new UnknownTemplateError(
      `The local host does not know ${id}, the role of ${located(user)}: the template has none`,
      "Make it an AWS::IAM::Role of this service",
    );
  return role;
}

function routeFacts(
  { RouteKey, Target }: z.output<typeof Route>,
  integrations: ReadonlyMap<string, z.output<typeof Integration>>,
): RouteFacts {
  const integration = integrations.get(Target["Fn::Join"][1][1].Ref);
  if (integration === undefined)
    throw new UnknownTemplateError(`The route ${RouteKey} leads to no function`, "Give it one under events in serverless.yml");
  return { key: RouteKey, functionId: integration.IntegrationUri["Fn::GetAtt"][0] };
}

function scheduleFacts(name: string, facts: z.output<typeof Schedule>, { resolve, roles }: World): ScheduleFacts {
  const { ScheduleExpression, Target } = facts;
  const [, count, unit] = /(\d+) (minute|hour|day)/.exec(ScheduleExpression)!;
  const minutes = { minute: 1, hour: 60, day: 1440 }[unit as "minute" | "hour" | "day"];
  const group = resolve(facts.GroupName ?? "default", `${name}.GroupName`);
  const role = roleOf(name, Target.RoleArn, roles);
  checkTrust(role, "scheduler.amazonaws.com", name, { "aws:SourceArn": scheduleGroupArn(group) });
  return {
    name,
    group,
    everyMs: Number(count) * minutes * 60_000,
    functionId: Target.Arn["Fn::GetAtt"][0],
    input: Target.Input,
    role,
    deadLetterArn: Target.DeadLetterConfig && resolve(Target.DeadLetterConfig.Arn, `${name}.DeadLetterConfig`),
  };
}
