import { readFileSync } from "node:fs";
import * as z from "zod";

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
}

/** `POST /runs/{id}/cancel` and the logical id of its function. */
export interface RouteFacts {
  readonly key: string;
  readonly functionId: string;
}

export interface ScheduleFacts {
  readonly name: string;
  readonly everyMs: number;
  readonly functionId: string;
  /** The event's payload, if the schedule names one. */
  readonly input: string | undefined;
}

/**
 * What the local host serves: the part of a synthesised CloudFormation template that it
 * understands.
 */
export interface Template {
  readonly functions: readonly FunctionFacts[];
  readonly routes: readonly RouteFacts[];
  readonly schedules: readonly ScheduleFacts[];
}

/** The template asks for something that the local host cannot do. */
export class UnknownTemplateError extends Error {
  override readonly name = "UnknownTemplateError";
}

const GetAtt = z.object({ "Fn::GetAtt": z.tuple([z.string(), z.literal("Arn")]) });
const Ref = z.object({ Ref: z.string() });
const LambdaFunction = z.object({
  FunctionName: z.string(),
  Handler: z.string().regex(/^(.*\/)?[^./]+\.[^./]+$/, "is not of the form folder/file.export"),
  Timeout: z.number(),
  MemorySize: z.number(),
  ReservedConcurrentExecutions: z.number().optional(),
  Environment: z.object({ Variables: z.record(z.string(), z.union([z.string(), Ref, GetAtt])) }),
});
const InvokeConfig = z.object({ FunctionName: Ref, MaximumEventAgeInSeconds: z.number().default(21_600) });
const Integration = z.object({ IntegrationUri: GetAtt });
const Route = z.object({ RouteKey: z.string(), Target: z.object({ "Fn::Join": z.tuple([z.literal("/"), z.tuple([z.string(), Ref])]) }) });
const Schedule = z.object({
  ScheduleExpression: z.string().regex(/^rate\(\d+ (minute|hour|day)s?\)$/, "is not of the form rate(5 minutes)"),
  State: z.enum(["ENABLED", "DISABLED"]).default("ENABLED"),
  Target: z.object({ Arn: GetAtt, Input: z.string().optional() }),
});
const Resources = z.record(z.string(), z.object({ Type: z.string(), Properties: z.unknown().optional() }));

/** Reads a template as `serverless package` writes it. Throws UnknownTemplateError. */
export function readTemplate(file: string): Template {
  const { Resources: known } = z.object({ Resources }).parse(JSON.parse(readFileSync(file, "utf8")));
  const all = <Facts>(type: string, schema: z.ZodType<Facts>) => resourcesOf(known, type, schema);
  const functions = all("AWS::Lambda::Function", LambdaFunction);
  const ages = [...all("AWS::Lambda::EventInvokeConfig", InvokeConfig).values()];
  const integrations = all("AWS::ApiGatewayV2::Integration", Integration);
  return {
    functions: [...functions].map(([id, facts]) => functionFacts(id, facts, functions, ages)),
    routes: [...all("AWS::ApiGatewayV2::Route", Route).values()].map((route) => routeFacts(route, integrations)),
    schedules: [...all("AWS::Scheduler::Schedule", Schedule)].filter(([, { State }]) => State === "ENABLED").map(scheduleFacts),
  };
}

function resourcesOf<Facts>(known: z.output<typeof Resources>, type: string, schema: z.ZodType<Facts>): Map<string, Facts> {
  const found = Object.entries(known).filter(([, { Type }]) => Type === type);
  return new Map(
    found.map(([id, { Properties }]) => {
      const parsed = schema.safeParse(Properties);
      if (!parsed.success) throw new UnknownTemplateError(`The local host does not understand ${id}: ${z.prettifyError(parsed.error)}`);
      return [id, parsed.data];
    }),
  );
}

type Functions = ReadonlyMap<string, z.output<typeof LambdaFunction>>;

function functionFacts(
  id: string,
  facts: z.output<typeof LambdaFunction>,
  all: Functions,
  ages: z.output<typeof InvokeConfig>[],
): FunctionFacts {
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
    environment: Object.fromEntries(Object.entries(facts.Environment.Variables).map(([name, value]) => [name, text(name, value, all)])),
  };
}

/**
 * A reference to a function is its name, as on AWS; of what exists only there, an ARN says the
 * logical id.
 */
function text(name: string, value: string | z.output<typeof Ref> | z.output<typeof GetAtt>, all: Functions): string {
  if (typeof value === "string") return value;
  if ("Fn::GetAtt" in value) return `arn:aws:local:local:000000000000:${value["Fn::GetAtt"][0]}`;
  const referred = all.get(value.Ref);
  if (referred === undefined)
    throw new UnknownTemplateError(`The local host cannot tell the value of ${name}: ${value.Ref} is no function`);
  return referred.FunctionName;
}

function routeFacts(
  { RouteKey, Target }: z.output<typeof Route>,
  integrations: ReadonlyMap<string, z.output<typeof Integration>>,
): RouteFacts {
  const integration = integrations.get(Target["Fn::Join"][1][1].Ref);
  if (integration === undefined) throw new UnknownTemplateError(`The route ${RouteKey} leads to no function`);
  return { key: RouteKey, functionId: integration.IntegrationUri["Fn::GetAtt"][0] };
}

function scheduleFacts([name, { ScheduleExpression, Target }]: [string, z.output<typeof Schedule>]): ScheduleFacts {
  const [, count, unit] = /(\d+) (minute|hour|day)/.exec(ScheduleExpression)!;
  const minutes = { minute: 1, hour: 60, day: 1440 }[unit as "minute" | "hour" | "day"];
  return { name, everyMs: Number(count) * minutes * 60_000, functionId: Target.Arn["Fn::GetAtt"][0], input: Target.Input };
}
