// `npm run test:nag`: the synthesised template against cdk-nag's rules. Fails on what exceptions.ts
// does not explain, and on an exception that has become needless.
import { join } from "node:path";
import { App, type PolicyViolation, Stack } from "aws-cdk-lib";
import { CfnInclude } from "aws-cdk-lib/cloudformation-include";
import { AwsSolutionsChecks, ServerlessChecks } from "cdk-nag";
import { ROOT } from "../../infra/build.ts";
import { synthesise } from "../../infra/local/start/synthesise.ts";
import { EXCEPTIONS } from "./exceptions.ts";

interface Finding {
  readonly rule: string;
  readonly resource: string;
  readonly severity: string;
  readonly description: string;
}

/** What both rule packs find in a template. */
function findingsIn(templateFile: string): Finding[] {
  const app = new App();
  new CfnInclude(new Stack(app, "Baton"), "Template", { templateFile });
  // Asked directly: as plugins of the app they would only print, and end the synthesis.
  return [new AwsSolutionsChecks(app), new ServerlessChecks(app)].flatMap((pack) => pack.validateScope(app).violations.flatMap(findingsOf));
}

function findingsOf({ ruleName, severity = "error", description, violatingResources }: PolicyViolation): Finding[] {
  return violatingResources.map(({ constructPath = "" }) => {
    return { rule: ruleName, resource: constructPath.split("/").at(-1)!, severity, description };
  });
}

function report(findings: readonly Finding[]): number {
  const reasons = new Map(
    EXCEPTIONS.flatMap(({ rule, resources, reason }) => resources.map((resource) => [`${rule} ${resource}`, reason])),
  );
  const keyOf = ({ rule, resource }: Finding) => `${rule} ${resource}`;
  console.table(
    findings.map((each) => ({ ...each, description: undefined, excepted: reasons.has(keyOf(each)) ? "yes" : "NO" })),
    ["rule", "resource", "severity", "excepted"],
  );
  const unexplained = findings.filter((each) => !reasons.has(keyOf(each)));
  for (const each of unexplained) console.error(`${keyOf(each)}: ${each.description} Mend the template, or say in exceptions.ts why not.`);
  const found = new Set(findings.map(keyOf));
  const needless = [...reasons.keys()].filter((key) => !found.has(key));
  for (const key of needless) console.error(`${key}: no longer found. Take it out of exceptions.ts.`);
  console.log(`${findings.length} findings, ${unexplained.length} without a reason; ${needless.length} exceptions without a finding`);
  return unexplained.length + needless.length;
}

const { templateFile } = await synthesise(join(ROOT, ".baton/nag"), { driver: "neon", stage: "prod" });
process.exitCode = report(findingsIn(templateFile)) === 0 ? 0 : 1;
