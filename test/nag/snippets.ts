// `npm run test:nag`: the snippets of `init` for CDK and SAM are synthesised by CDK. That knows the
// resources of SAM; SAM's own transform, which AWS runs, does not take part.
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { App, Stack } from "aws-cdk-lib";
import { Template } from "aws-cdk-lib/assertions";
import { CfnInclude } from "aws-cdk-lib/cloudformation-include";
import { languageOf } from "../../infra/init/files.ts";
import { snippetFor } from "../../infra/init/snippets.ts";
import { ROOT } from "../../infra/root.ts";

const folder = join(ROOT, ".baton/snippets");
const typescript = { ...languageOf({ tsconfig: "{}", isModule: true }), driver: "neon" } as const;

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
    [
      "template.yaml",
      `Transform: AWS::Serverless-2016-10-31\nParameters: { DatabaseUrl: { Type: String, NoEcho: true } }\n${snippetFor("sam", typescript).text}`,
    ],
  ] as const)
    writeFileSync(join(folder, name), text);
}

async function checkCdk(): Promise<void> {
  process.chdir(folder);
  const { addBaton } = (await import(pathToFileURL(join(folder, "add-baton.ts")).href)) as {
    addBaton(stack: Stack, databaseUrl: string): unknown;
  };
  // What the bundler makes is no matter of the snippet.
  const stack = new Stack(new App({ context: { "aws:cdk:bundling-stacks": [] } }), "Shop");
  addBaton(stack, "postgresql://shop@db.example/shop");
  const template = Template.fromStack(stack);
  for (const [handler, timeout] of [
    ["index.poll", 300],
    ["index.daily", 900],
  ])
    template.hasResourceProperties("AWS::Lambda::Function", { Handler: handler, Timeout: timeout, Runtime: "nodejs24.x" });
  for (const rate of ["rate(1 minute)", "rate(1 day)"]) template.hasResourceProperties("AWS::Events::Rule", { ScheduleExpression: rate });
}

function checkSam(): void {
  const stack = new Stack(new App(), "Shop");
  new CfnInclude(stack, "Template", { templateFile: join(folder, "template.yaml") });
  const template = Template.fromStack(stack);
  template.hasParameter("DatabaseUrl", { NoEcho: true });
  for (const [handler, rate] of [
    ["index.poll", "rate(1 minute)"],
    ["index.daily", "rate(1 day)"],
  ]) {
    const resources = template.findResources("AWS::Serverless::Function", { Properties: { Handler: handler } });
    const text = JSON.stringify(resources);
    if (!text.includes(rate!) || !text.includes("esbuild")) throw new Error(`The snippet for SAM lost a part on its way: ${text}`);
  }
}

makeProject();
await checkCdk();
checkSam();
console.log("The snippets for CDK and SAM are synthesised.");
