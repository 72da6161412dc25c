import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type Bundle, ROOT } from "../../infra/build.ts";
import { synthesise } from "../../infra/local/start/synthesise.ts";
import { ACCOUNT, type Policy, REGION } from "./simulate.ts";

export interface Resource {
  readonly Type: string;
  readonly Properties: Readonly<Record<string, unknown>>;
}

/** CloudFormation gives what has no name one that begins with the stack's. */
const RANDOM = "1AB2CD3EF4GH";
const PSEUDO: Readonly<Record<string, string>> = {
  "AWS::Partition": "aws",
  "AWS::Region": REGION,
  "AWS::AccountId": ACCOUNT,
  "AWS::URLSuffix": "amazonaws.com",
};

type Names = (name: string, properties: Readonly<Record<string, unknown>>) => string;
const arn = (service: string, rest: string, region = REGION, account = ACCOUNT) => `arn:aws:${service}:${region}:${account}:${rest}`;

/** The ARN of a resource; `name` is CloudFormation's own where the template gives none. */
const ARNS: Readonly<Record<string, Names>> = {
  "AWS::ApiGatewayV2::Api": (name) => `arn:aws:apigateway:${REGION}::/apis/${name}`,
  "AWS::CloudWatch::Alarm": (_, { AlarmName }) => arn("cloudwatch", `alarm:${String(AlarmName)}`),
  "AWS::IAM::OIDCProvider": (_, { Url }) => arn("iam", `oidc-provider/${String(Url).replace("https://", "")}`, ""),
  "AWS::IAM::Role": (name) => arn("iam", `role/${name}`, ""),
  "AWS::Lambda::Function": (_, { FunctionName }) => arn("lambda", `function:${String(FunctionName)}`),
  // As CloudFormation's GetAtt has it; calls for a group take the ARN without its end.
  "AWS::Logs::LogGroup": (_, { LogGroupName }) => arn("logs", `log-group:${String(LogGroupName)}:*`),
  "AWS::S3::Bucket": (name) => `arn:aws:s3:::${name.toLowerCase()}`,
  "AWS::SNS::Topic": (name) => arn("sns", name),
  "AWS::SQS::Queue": (name) => arn("sqs", name),
  "AWS::Scheduler::Schedule": (name, { GroupName }) => arn("scheduler", `schedule/${String(GroupName)}/${name}`),
  "AWS::Scheduler::ScheduleGroup": (_, { Name }) => arn("scheduler", `schedule-group/${String(Name)}`),
};

/** A template as CloudFormation would make it in our account: ARNs instead of references. */
export class Stack {
  readonly name: string;
  readonly #resources: Readonly<Record<string, Resource>>;
  readonly #values: Readonly<Record<string, string>>;

  constructor(name: string, resources: Readonly<Record<string, Resource>>, values: Readonly<Record<string, string>> = {}) {
    this.name = name;
    this.#resources = resources;
    this.#values = { ...PSEUDO, ...values };
  }

  /** The logical ids of the resources of a type, or of all. */
  ids(type?: string): string[] {
    return Object.keys(this.#resources).filter((id) => type === undefined || this.type(id) === type);
  }

  type(id: string): string {
    return this.#found(id).Type;
  }

  properties(id: string): Readonly<Record<string, unknown>> {
    return this.resolve(this.#found(id).Properties ?? {}) as Record<string, unknown>;
  }

  arn(id: string): string {
    const make = ARNS[this.type(id)];
    if (make === undefined) throw new Error(`Say in ARNS what the ARN of a ${this.type(id)} is.`);
    return make(this.#made(id), this.properties(id));
  }

  #made(id: string): string {
    return `${this.name}-${id}-${RANDOM}`;
  }

  /** The one inline policy of a role. */
  policyOf(roleId: string): Policy {
    const [policy, ...others] = this.properties(roleId)["Policies"] as { PolicyDocument: Policy }[];
    if (policy === undefined || others.length > 0) throw new Error(`${roleId} has not exactly one policy`);
    return policy.PolicyDocument;
  }

  /** Puts what references stand for in their places. */
  resolve(value: unknown): unknown {
    if (typeof value !== "object" || value === null) return value;
    if (Array.isArray(value)) return value.map((each) => this.resolve(each));
    const [[key, argument] = [], ...others] = Object.entries(value) as [string, unknown][];
    if (others.length === 0 && key !== undefined && key in this.#intrinsics) return this.#intrinsics[key]!(argument);
    return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, this.resolve(each)]));
  }

  readonly #intrinsics: Readonly<Record<string, (argument: unknown) => unknown>> = {
    Ref: (id) => this.#refer(id as string),
    "Fn::GetAtt": (path) => {
      const [id, attribute] = path as [string, string];
      if (attribute === "ApiEndpoint") return `https://${RANDOM.toLowerCase()}.execute-api.${REGION}.amazonaws.com`;
      if (attribute !== "Arn") throw new Error(`${id} is asked for its ${attribute}, which is not known here.`);
      return this.arn(id);
    },
    "Fn::Sub": (text) => (text as string).replaceAll(/\$\{([^}]+)\}/g, (_, id: string) => this.#refer(id)),
    "Fn::Join": (parts) => {
      const [separator, texts] = parts as [string, unknown[]];
      return texts.map((text) => this.resolve(text)).join(separator);
    },
    // A condition holds unless the values say otherwise.
    "Fn::If": (parts) => {
      const [condition, then, otherwise] = parts as [string, unknown, unknown];
      return this.resolve(this.#values[condition] === "false" ? otherwise : then);
    },
  };

  /** What `Ref` gives is the ARN of a topic, and else the last part of one. */
  #refer(id: string): string {
    const value = this.#values[id];
    if (value !== undefined) return value;
    if (!(this.type(id) in ARNS)) return this.#made(id);
    const whole = this.arn(id);
    return /^AWS::(SNS::Topic|IAM::OIDCProvider)$/.test(this.type(id)) ? whole : whole.replace(/:\*$/, "").split(/[:/]/).at(-1)!;
  }

  #found(id: string): Resource {
    const found = this.#resources[id];
    if (found === undefined) throw new Error(`The template has no ${id}.`);
    return found;
  }
}

/** A stage of a service, as it would be deployed. */
export interface Stage {
  readonly service: string;
  readonly stage: string;
  readonly stack: Stack;
  /** Its functions, built. */
  readonly bundles: readonly Bundle[];
}

/** Synthesises a stage as it would be deployed, under another name if there is one. */
export async function stageOf(service: string, stage: string): Promise<Stage> {
  const { templateFile, bundles } = await synthesise(join(ROOT, `.baton/iam-${service}-${stage}`), { driver: "neon", stage, service });
  const { Resources } = JSON.parse(readFileSync(templateFile, "utf8")) as { Resources: Record<string, Resource> };
  return { service, stage, stack: new Stack(`${service}-${stage}`, Resources), bundles };
}
