export const CDK = `import { Duration, type Stack } from "aws-cdk-lib";
import { HttpApi, HttpMethod, HttpStage } from "aws-cdk-lib/aws-apigatewayv2";
import { HttpLambdaIntegration } from "aws-cdk-lib/aws-apigatewayv2-integrations";
import { Rule, Schedule } from "aws-cdk-lib/aws-events";
import { LambdaFunction } from "aws-cdk-lib/aws-events-targets";
import { Runtime } from "aws-cdk-lib/aws-lambda";
import { NodejsFunction, type NodejsFunctionProps } from "aws-cdk-lib/aws-lambda-nodejs";

/**
 * Baton's functions; \`poller.grantInvoke(other)\` and POLLER_FUNCTION_NAME let another one wake
 * the poller. Approvals and callbacks need ticketKeys, which sign their links and tokens:
 * "k1:$(openssl rand -hex 32)", the same at each deployment.
 */
export function addBaton(stack: Stack, databaseUrl: string, ticketKeys?: string): { poller: NodejsFunction; daily: NodejsFunction } {
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
  if (ticketKeys !== undefined) addAnswer(stack, common, poller, ticketKeys);
  return { poller, daily };
}

/** Links of approvals and answers to callbacks: routes without a key, with a rate of their own. */
function addAnswer(stack: Stack, common: NodejsFunctionProps, poller: NodejsFunction, ticketKeys: string): void {
  const api = new HttpApi(stack, "BatonApi", { createDefaultStage: false });
  new HttpStage(stack, "BatonApiStage", { httpApi: api, stageName: "$default", autoDeploy: true, throttle: { rateLimit: 20, burstLimit: 40 } });
  poller.addEnvironment("BATON_TICKET_KEYS", ticketKeys);
  poller.addEnvironment("BATON_PUBLIC_URL", api.apiEndpoint);
  const environment = { ...common.environment, BATON_TICKET_KEYS: ticketKeys, POLLER_FUNCTION_NAME: poller.functionName };
  const answer = new NodejsFunction(stack, "BatonAnswer", { ...common, handler: "answer", timeout: Duration.seconds(15), memorySize: 512, environment });
  poller.grantInvoke(answer);
  const integration = new HttpLambdaIntegration("BatonAnswers", answer);
  api.addRoutes({ path: "/approvals/{token}", methods: [HttpMethod.GET, HttpMethod.POST], integration });
  for (const what of ["complete", "fail", "heartbeat"])
    api.addRoutes({ path: \`/callbacks/{token}/\${what}\`, methods: [HttpMethod.POST], integration });
}
`;
