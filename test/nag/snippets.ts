// `npm run test:nag`: the snippets of `init` for CDK and SAM are synthesised by CDK. That knows the
// resources of SAM; SAM's own transform, which AWS runs, does not take part.
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { App, Stack } from "aws-cdk-lib";
import { Match, Template } from "aws-cdk-lib/assertions";
import { CfnInclude } from "aws-cdk-lib/cloudformation-include";
import { languageOf } from "../../infra/init/files.ts";
import { snippetFor } from "../../infra/init/snippets.ts";
import { ROOT } from "../../infra/root.ts";
import { OPEN_ROUTES } from "../../shared/lambda/answer-waits.ts";

const folder = join(ROOT, ".baton/snippets");
const typescript = { ...languageOf({ tsconfig: "{}", isModule: true }), driver: "neon" } as const;

const parameters = 'Parameters: { DatabaseUrl: { Type: String, NoEcho: true }, TicketKeys: { Type: String, NoEcho: true, Default: "" } }';
const openRoutes = OPEN_ROUTES.map(({ method, path }) => `${method} ${path}`);

/** A project with the snippet in it, and CDK's packages. */
function makeProject(): void {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(join(folder, "baton"), { recursive: true });
  symlinkSync(join(ROOT, "test/nag/node_modules"), join(folder, "node_modules"));
  for (const [name, text] of [
    ["package.json", '{ "type": "module" }'],
    ["package-lock.json", "{}"],
    ["baton/index.ts", "export const poll = 1;"],
    ["add-baton.ts", snippetFor("cdk", typescript).text],
    ["template.yaml", `Transform: AWS::Serverless-2016-10-31\n${parameters}\n${snippetFor("sam", typescript).text}`],
  ] as const)
    writeFileSync(join(folder, name), text);
}

type AddBaton = (stack: Stack, databaseUrl: string, ticketKeys?: string) => unknown;

/** The template of a stack that calls addBaton. */
function templateOf(addBaton: AddBaton, ticketKeys?: string): Template {
  // What the bundler makes is no matter of the snippet.
  const stack = new Stack(new App({ context: { "aws:cdk:bundling-stacks": [] } }), "Shop");
  addBaton(stack, "postgresql://shop@db.example/shop", ticketKeys);
  return Template.fromStack(stack);
}

async function checkCdk(): Promise<void> {
  process.chdir(folder);
  const { addBaton } = (await import(pathToFileURL(join(folder, "add-baton.ts")).href)) as { addBaton: AddBaton };
  const template = templateOf(addBaton, "k1:secret");
  for (const [handler, timeout] of [
    ["index.poll", 300],
    ["index.daily", 900],
    ["index.answer", 15],
  ])
    template.hasResourceProperties("AWS::Lambda::Function", { Handler: handler, Timeout: timeout, Runtime: "nodejs24.x" });
  for (const rate of ["rate(1 minute)", "rate(1 day)"]) template.hasResourceProperties("AWS::Events::Rule", { ScheduleExpression: rate });
  for (const route of openRoutes) template.hasResourceProperties("AWS::ApiGatewayV2::Route", { RouteKey: route });
  template.hasResourceProperties("AWS::ApiGatewayV2::Stage", {
    DefaultRouteSettings: { ThrottlingRateLimit: 20, ThrottlingBurstLimit: 40 },
  });
  for (const variable of ["BATON_PUBLIC_URL", "POLLER_FUNCTION_NAME"])
    template.hasResourceProperties("AWS::Lambda::Function", {
      Environment: { Variables: { BATON_TICKET_KEYS: "k1:secret", [variable]: Match.anyValue() } },
    });
  const plain = templateOf(addBaton);
  plain.resourceCountIs("AWS::Lambda::Function", 2);
  plain.resourceCountIs("AWS::ApiGatewayV2::Api", 0);
}

function checkSam(): void {
  const stack = new Stack(new App(), "Shop");
  new CfnInclude(stack, "Template", { templateFile: join(folder, "template.yaml") });
  const template = Template.fromStack(stack);
  for (const name of ["DatabaseUrl", "TicketKeys"]) template.hasParameter(name, { NoEcho: true });
  for (const [handler, ...parts] of [
    ["index.poll", "rate(1 minute)", "BATON_TICKET_KEYS", "BATON_PUBLIC_URL"],
    ["index.daily", "rate(1 day)"],
    ["index.answer", "BATON_TICKET_KEYS", "POLLER_FUNCTION_NAME", ...OPEN_ROUTES.map(({ path }) => path)],
  ]) {
    const resources = template.findResources("AWS::Serverless::Function", { Properties: { Handler: handler } });
    const text = JSON.stringify(resources);
    const lost = [...parts, "esbuild"].filter((part) => !text.includes(part));
    if (lost.length > 0) throw new Error(`The snippet for SAM lost ${lost.join(", ")} on its way: ${text}`);
  }
  template.hasResourceProperties("AWS::Serverless::HttpApi", {
    DefaultRouteSettings: { ThrottlingRateLimit: 20, ThrottlingBurstLimit: 40 },
  });
}

makeProject();
await checkCdk();
checkSam();
console.log("The snippets for CDK and SAM are synthesised.");
