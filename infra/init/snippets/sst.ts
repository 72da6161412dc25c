export const SST = `const environment = { DATABASE_URL: process.env.DATABASE_URL!, BATON_SERVICE: $app.name, BATON_STAGE: $app.stage };
const nodejs = { esbuild: { define: { "process.env.BATON_BUNDLED_DRIVER": JSON.stringify("DRIVER") } } };
// Links of approvals and answers to callbacks take no key, so they have an API with a rate of its
// own. Where no workflow has any, leave out batonApi, answer and tickets.
// A ticket key signs them: BATON_TICKET_KEYS="k1:$(openssl rand -hex 32)", the same at each
// deployment.
const defaultRouteSettings = { throttlingRateLimit: 20, throttlingBurstLimit: 40 };
const batonApi = new sst.aws.ApiGatewayV2("BatonApi", { transform: { stage: { defaultRouteSettings } } });
const tickets = { BATON_TICKET_KEYS: process.env.BATON_TICKET_KEYS ?? "" };
// Runs the workflows; woken every minute, and at once by whoever enqueues.
const poller = new sst.aws.Function("BatonPoll", {
  handler: "baton/index.poll",
  timeout: "5 minutes",
  memory: "1024 MB",
  nodejs,
  environment: { ...environment, ...tickets, BATON_PUBLIC_URL: batonApi.url },
});
new sst.aws.Cron("BatonEveryMinute", { schedule: "rate(1 minute)", function: poller.arn });
// Partitions ahead, indexes, retention.
new sst.aws.Cron("BatonEveryDay", {
  schedule: "rate(1 day)",
  function: { handler: "baton/index.daily", timeout: "15 minutes", nodejs, environment },
});
const answer = new sst.aws.Function("BatonAnswer", {
  handler: "baton/index.answer",
  timeout: "15 seconds",
  memory: "512 MB",
  nodejs,
  link: [poller],
  environment: { ...environment, ...tickets, POLLER_FUNCTION_NAME: poller.name },
});
for (const route of ["GET /approvals/{token}", "POST /approvals/{token}"]) batonApi.route(route, answer.arn);
for (const what of ["complete", "fail", "heartbeat"]) batonApi.route(\`POST /callbacks/{token}/\${what}\`, answer.arn);
// A function that enqueues: link it to poller, and give it POLLER_FUNCTION_NAME: poller.name.
`;
