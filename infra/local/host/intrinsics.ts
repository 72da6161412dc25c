import { ACCOUNT, API_ID, arnOf, functionArn, PARTITION, REGION, roleArn } from "./arns.ts";
import { located } from "./place.ts";
import { type Resources, UnknownTemplateError } from "./resources.ts";

/** Gives the text that a value of the template stands for; `where` names it in an error. */
export type Resolve = (value: unknown, where: string) => string;

const PSEUDO: Readonly<Record<string, string>> = {
  "AWS::Partition": PARTITION,
  "AWS::Region": REGION,
  "AWS::AccountId": ACCOUNT,
  "AWS::URLSuffix": "amazonaws.com",
};

type Properties = Readonly<Record<string, unknown>>;
type Names = (id: string, properties: Properties, resolve: Resolve) => string;

const named =
  (property: string): Names =>
  (id, properties, resolve) =>
    resolve(properties[property] ?? id, `${id}.${property}`);

/** What a type's `Ref` is, and its ARN. What AWS would make up a name for has its logical id. */
const TYPES: Readonly<Record<string, { readonly ref?: Names; readonly arn?: Names }>> = {
  "AWS::Lambda::Function": { ref: named("FunctionName"), arn: (...facts) => functionArn(named("FunctionName")(...facts)) },
  "AWS::IAM::Role": { ref: named("RoleName"), arn: (...facts) => roleArn(named("RoleName")(...facts)) },
  "AWS::Logs::LogGroup": { ref: named("LogGroupName"), arn: (...facts) => arnOf("logs", `log-group:${named("LogGroupName")(...facts)}:*`) },
  "AWS::SQS::Queue": { arn: (...facts) => arnOf("sqs", named("QueueName")(...facts)) },
  "AWS::Scheduler::ScheduleGroup": {
    ref: named("Name"),
    arn: (...facts) => arnOf("scheduler", `schedule-group/${named("Name")(...facts)}`),
  },
  "AWS::ApiGatewayV2::Api": { ref: () => API_ID },
};

/** Other attributes that it knows. */
const ATTRIBUTES: Readonly<Record<string, () => string>> = {
  // Whoever serves the gateway on a port tells the functions of it in their environment.
  "AWS::ApiGatewayV2::Api.ApiEndpoint": () => `https://${API_ID}.execute-api.${REGION}.amazonaws.com`,
};

/** Of these services the host answers calls: an ARN that it made up could be meant by one. */
const SERVED = /^AWS::(Lambda|SSM|Scheduler|IAM)::/;

/** Resolves `Ref`, `Fn::GetAtt`, `Fn::Sub` and `Fn::Join`. Throws UnknownTemplateError. */
export function intrinsicsOf(resources: Resources): Resolve {
  const reference = (name: string, where: string): string => {
    if (name in PSEUDO) return PSEUDO[name]!;
    const [id = "", attribute] = name.split(".");
    const { Type = "", Properties } = resources[id] ?? {};
    const known = TYPES[Type]?.[attribute === undefined ? "ref" : "arn"];
    if (known !== undefined && (attribute ?? "Arn") === "Arn") return known(id, (Properties ?? {}) as Properties, resolve);
    const other = ATTRIBUTES[`${Type}.${attribute}`];
    if (other !== undefined) return other();
    if (attribute === "Arn" && Type !== "" && !SERVED.test(Type)) return arnOf(Type.split("::")[1]!.toLowerCase(), id);
    throw new UnknownTemplateError(`The local host cannot tell what \${${name}} is in ${located(where)}`);
  };
  const resolve: Resolve = (value, where) => {
    if (typeof value === "string") return value;
    const [[name, given] = [], ...others] = Object.entries(value ?? {}) as [string, unknown][];
    if (name === "Ref" && others.length === 0) return reference(String(given), where);
    if (name === "Fn::GetAtt" && others.length === 0) return reference(Array.isArray(given) ? given.join(".") : String(given), where);
    if (name === "Fn::Join" && isJoin(given)) return given[1].map((part) => resolve(part, where)).join(given[0]);
    if (name === "Fn::Sub") return substitute(given, where);
    throw new UnknownTemplateError(`The local host cannot tell the value of ${located(where)}: ${JSON.stringify(value)}`);
  };
  const substitute = (given: unknown, where: string): string => {
    const [text, own] = (Array.isArray(given) ? given : [given, {}]) as [unknown, Readonly<Record<string, unknown>>];
    return String(text).replaceAll(/\$\{(!?)([^}]+)\}/g, (_whole, literal: string, name: string) => {
      if (literal !== "") return `\${${name}}`;
      return name in own ? resolve(own[name], where) : reference(name, where);
    });
  };
  return resolve;
}

function isJoin(given: unknown): given is [string, unknown[]] {
  return Array.isArray(given) && typeof given[0] === "string" && Array.isArray(given[1]);
}
