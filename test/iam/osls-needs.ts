import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "../../infra/build.ts";

/** What osls asks of AWS itself, beside CloudFormation: on its stack, bucket or functions. */
export const OSLS: Readonly<
  Record<string, { readonly action: string; readonly on: "stack" | "bucket" | "bundle" | "function" | "api" | "*" }>
> = {
  CreateChangeSetCommand: { action: "cloudformation:CreateChangeSet", on: "stack" },
  CreateStackCommand: { action: "cloudformation:CreateStack", on: "stack" },
  DeleteChangeSetCommand: { action: "cloudformation:DeleteChangeSet", on: "stack" },
  DeleteObjectsCommand: { action: "s3:DeleteObject", on: "bundle" },
  DeleteStackCommand: { action: "cloudformation:DeleteStack", on: "stack" },
  DescribeChangeSetCommand: { action: "cloudformation:DescribeChangeSet", on: "stack" },
  DescribeStackEventsCommand: { action: "cloudformation:DescribeStackEvents", on: "stack" },
  DescribeStackResourceCommand: { action: "cloudformation:DescribeStackResource", on: "stack" },
  DescribeStackResourcesCommand: { action: "cloudformation:DescribeStackResources", on: "stack" },
  DescribeStacksCommand: { action: "cloudformation:DescribeStacks", on: "stack" },
  ExecuteChangeSetCommand: { action: "cloudformation:ExecuteChangeSet", on: "stack" },
  GetApiCommand: { action: "apigateway:GET", on: "api" },
  GetCallerIdentityCommand: { action: "sts:GetCallerIdentity", on: "*" },
  GetFunctionCommand: { action: "lambda:GetFunction", on: "function" },
  GetTemplateCommand: { action: "cloudformation:GetTemplate", on: "stack" },
  HeadBucketCommand: { action: "s3:ListBucket", on: "bucket" },
  HeadObjectCommand: { action: "s3:GetObject", on: "bundle" },
  ListObjectsV2Command: { action: "s3:ListBucket", on: "bucket" },
  ListStackResourcesCommand: { action: "cloudformation:ListStackResources", on: "stack" },
  PutObjectCommand: { action: "s3:PutObject", on: "bundle" },
  UpdateStackCommand: { action: "cloudformation:UpdateStack", on: "stack" },
  Upload: { action: "s3:PutObject", on: "bundle" },
  ValidateTemplateCommand: { action: "cloudformation:ValidateTemplate", on: "*" },
};

/** What osls would send for a service that is not like ours. */
const NEVER: Readonly<Record<string, string>> = {
  CreateRepositoryCommand: "images of containers",
  DeleteRepositoryCommand: "images of containers",
  DeleteSubscriptionFilterCommand: "functions that logs trigger",
  DescribeImagesCommand: "images of containers",
  DescribeRepositoriesCommand: "images of containers; a refusal means that there are none",
  DescribeSubscriptionFiltersCommand: "functions that logs trigger",
  GetApiKeyCommand: "keys of a REST API",
  GetAuthorizationTokenCommand: "images of containers",
  ListExportsCommand: "an API that another stack exports",
  ListObjectVersionsCommand: "a bucket of bundles that keeps versions",
  PutLifecyclePolicyCommand: "images of containers",
  SetStackPolicyCommand: "a policy of the stack",
  UpdateTerminationProtectionCommand: "a stack with deletion protection",
};

/** What `osls deploy` and `osls remove` send that stands in neither list. */
export function unknownCommands(): string[] {
  const folder = join(ROOT, "node_modules/serverless/lib/plugins/aws");
  const files = globSync(["{deploy,info,remove}/**/*.js", "lib/*.js", "{provider,deletion-protection}.js"], { cwd: folder });
  const texts = files.map((file) => readFileSync(join(folder, file), "utf8"));
  const sent = texts.flatMap((text) => [...text.matchAll(/\bnew (\w+Command|Upload)\b|\bpaginate(\w+)\(/g)]);
  const names = new Set(sent.map(([, command, paged]) => command ?? `${paged}Command`));
  if (names.size < 20) return [`Only ${names.size} commands were found in osls: look in test/iam/osls-needs.ts where they have gone.`];
  const unknown = [...names].filter((name) => !(name in OSLS) && !(name in NEVER));
  return unknown.map((name) => `osls sends ${name}: say in test/iam/osls-needs.ts what it needs, or why it is never sent.`);
}
