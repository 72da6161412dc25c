import { readFileSync } from "node:fs";
import { join } from "node:path";
import validator from "@aws/cloudformation-validate";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { ROOT } from "../../infra/build.ts";

// Who may take the role on is simulated by `npm run test:iam`.
const file = join(ROOT, "infra/github/deployer-role.yml");
const docs = readFileSync(join(ROOT, "docs/deploy.md"), "utf8");

interface Step {
  readonly uses?: string;
  readonly run?: string;
  readonly with?: Readonly<Record<string, unknown>>;
  readonly env?: Readonly<Record<string, string>>;
}

interface Workflow {
  readonly on: unknown;
  readonly permissions: Readonly<Record<string, string>>;
  readonly jobs: Readonly<Record<string, { environment: string; permissions: Readonly<Record<string, string>>; steps: readonly Step[] }>>;
}

test("the role for GitHub is valid CloudFormation: no fatal finding, no error and no warning", () => {
  const { diagnostics } = new validator.RegoEngine().validateStandard(new validator.TemplateFile(file));
  expect(diagnostics.filter(({ severity }) => severity !== "INFO")).toEqual([]);
});

test("a repository is given with or without ids, and never with a wildcard", () => {
  const { Parameters } = parse(readFileSync(file, "utf8")) as { Parameters: { Repository: { AllowedPattern: string } } };
  const allowed = new RegExp(Parameters.Repository.AllowedPattern);
  for (const right of ["octo-org@123456/shop@456789", "octo-org/shop.js"]) expect(right).toMatch(allowed);
  for (const wrong of ["octo-org/*", "octo-org@123456/shop@456789:*", "octo-org", "repo:octo-org/shop", "?/shop"])
    expect(wrong).not.toMatch(allowed);
});

test("the workflow of docs/deploy.md gets a token for its one job, in the environment and from the branch that the stack is made for", () => {
  const workflow = parse(/```yaml\n(name: deploy\n.*?)```/s.exec(docs)![1]!) as Workflow;
  const made = new Map([...docs.matchAll(/\b(Environment|Branch)=(\S+)/g)].map(([, name, value]) => [name!, value!]));
  expect(workflow.on).toEqual({ push: { branches: [made.get("Branch")] } });
  expect(workflow.permissions).toEqual({});
  const [job, ...others] = Object.values(workflow.jobs);
  expect(others).toEqual([]);
  expect(job).toMatchObject({ environment: made.get("Environment"), permissions: { contents: "read", "id-token": "write" } });
  // The credentials come after what is installed may have run, and the owner's login last.
  const did = job!.steps.map(({ uses, run }) => uses?.replace(/@v\d[\d.]*$/, "") ?? run);
  expect(did).toEqual(["actions/checkout", "npm ci", "aws-actions/configure-aws-credentials", "npm run deploy -- --stage prod"]);
  expect(job!.steps.filter(({ env }) => env !== undefined).map(({ env }) => env)).toEqual([
    { DATABASE_URL: "${{ secrets.DATABASE_URL }}" },
  ]);
  expect(job!.steps.some(({ with: inputs = {} }) => "aws-access-key-id" in inputs)).toBe(false);
});
