/**
 * What AWS's models of its services say of the input of each operation that the local host answers:
 * lengths and values, patterns, enums, and what has to be there.
 *
 * Of the optional members those stand here that the host does something with, or may leave unused
 * without anybody's noticing; `checkInput` refuses the others.
 */
export type Shape = StringShape | NumberShape | StructureShape | ListShape | { readonly type: "boolean" };

export interface Member {
  readonly required?: true;
}
interface StringShape extends Member {
  readonly type: "string";
  readonly min?: number;
  readonly max?: number;
  readonly pattern?: string;
  readonly enum?: readonly string[];
  /** Never shown in a refusal. */
  readonly sensitive?: true;
}
interface NumberShape extends Member {
  readonly type: "integer" | "timestamp";
  readonly min?: number;
  readonly max?: number;
}
export interface StructureShape extends Member {
  readonly type: "structure";
  readonly members: Readonly<Record<string, Shape>>;
}
interface ListShape extends Member {
  readonly type: "list";
  readonly max: number;
  readonly item: Shape;
}

const required = true as const;
const boolean = { type: "boolean" } as const;
const timestamp = { type: "timestamp" } as const;
const tagPattern = String.raw`^([\p{L}\p{Z}\p{N}_.:/=+\-@]*)$`;
const parameterName = { type: "string", min: 1, max: 2048, required } as const;
const scheduleName = { type: "string", min: 1, max: 64, pattern: "^[0-9a-zA-Z-_.]+$" } as const;

const schedule: StructureShape = {
  type: "structure",
  members: {
    ActionAfterCompletion: { type: "string", enum: ["NONE", "DELETE"] },
    ClientToken: { type: "string", min: 1, max: 64, pattern: "^[a-zA-Z0-9-_]+$" },
    Description: { type: "string", max: 512 },
    EndDate: timestamp,
    FlexibleTimeWindow: {
      type: "structure",
      required,
      members: {
        MaximumWindowInMinutes: { type: "integer", min: 1, max: 1440 },
        Mode: { type: "string", required, enum: ["OFF", "FLEXIBLE"] },
      },
    },
    GroupName: scheduleName,
    KmsKeyArn: {
      type: "string",
      min: 1,
      max: 2048,
      pattern: String.raw`^arn:aws(-[a-z]+)?:kms:[a-z0-9\-]+:\d{12}:(key|alias)\/[0-9a-zA-Z-_]*$`,
    },
    Name: { ...scheduleName, required },
    ScheduleExpression: { type: "string", min: 1, max: 256, required },
    ScheduleExpressionTimezone: { type: "string", min: 1, max: 50 },
    StartDate: timestamp,
    State: { type: "string", enum: ["ENABLED", "DISABLED"] },
    Target: {
      type: "structure",
      required,
      members: {
        Arn: { type: "string", min: 1, max: 1600, required },
        DeadLetterConfig: {
          type: "structure",
          members: {
            Arn: { type: "string", min: 1, max: 1600, pattern: String.raw`^arn:aws(-[a-z]+)?:sqs:[a-z0-9\-]+:\d{12}:[a-zA-Z0-9\-_]+$` },
          },
        },
        Input: { type: "string", min: 1 },
        RetryPolicy: {
          type: "structure",
          members: {
            MaximumEventAgeInSeconds: { type: "integer", min: 60, max: 86_400 },
            MaximumRetryAttempts: { type: "integer", min: 0, max: 185 },
          },
        },
        RoleArn: { type: "string", min: 1, max: 1600, required, pattern: String.raw`^arn:aws(-[a-z]+)?:iam::\d{12}:role\/[\w+=,.@\/-]+$` },
      },
    },
  },
};

/** The input of each operation, by the name that IAM's actions have or would have. */
export const MODEL = {
  "ssm:GetParameter": { type: "structure", members: { Name: parameterName, WithDecryption: boolean } },
  "ssm:DeleteParameter": { type: "structure", members: { Name: parameterName } },
  "ssm:PutParameter": {
    type: "structure",
    members: {
      Name: parameterName,
      Value: { type: "string", required, sensitive: true },
      Type: { type: "string", enum: ["String", "StringList", "SecureString"] },
      Overwrite: boolean,
      Description: { type: "string", max: 1024 },
      KeyId: { type: "string", min: 1, max: 256, pattern: "^([a-zA-Z0-9:/_-]+)$" },
      AllowedPattern: { type: "string", max: 1024 },
      DataType: { type: "string", max: 128 },
      Tier: { type: "string", enum: ["Standard", "Advanced", "Intelligent-Tiering"] },
      Tags: {
        type: "list",
        max: 1000,
        item: {
          type: "structure",
          members: {
            Key: { type: "string", min: 1, max: 128, pattern: tagPattern, required },
            Value: { type: "string", max: 256, pattern: tagPattern, required },
          },
        },
      },
    },
  },
  "scheduler:CreateSchedule": schedule,
  "scheduler:UpdateSchedule": schedule,
  "lambda:Invoke": {
    type: "structure",
    members: {
      FunctionName: {
        type: "string",
        min: 1,
        max: 256,
        required,
        pattern: String.raw`(arn:(aws[a-zA-Z-]*)?:lambda:)?((eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1}:)?(\d{12}:)?(function:)?([a-zA-Z0-9-_\.]+)(:(\$LATEST(\.PUBLISHED)?|[a-zA-Z0-9-_]+))?`,
      },
      InvocationType: { type: "string", enum: ["Event", "RequestResponse", "DryRun"] },
      LogType: { type: "string", enum: ["None", "Tail"] },
      Qualifier: { type: "string", min: 1, max: 128, pattern: String.raw`\$(LATEST(\.PUBLISHED)?)|[a-zA-Z0-9-_$]+` },
    },
  },
} as const satisfies Readonly<Record<string, StructureShape>>;

export type Operation = keyof typeof MODEL;

export function isOperation(name: string): name is Operation {
  return Object.hasOwn(MODEL, name);
}
