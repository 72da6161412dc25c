import { describe, expect, test } from "vitest";
import { intrinsicsOf } from "../../infra/local/host/intrinsics.ts";
import { policyStatements } from "../../infra/local/host/policy-document.ts";
import { type Decision, decide, type Right } from "../../infra/local/host/role-policy.ts";
import { templateFrom } from "../../infra/local/host/template.ts";
import { statementsOf } from "../support/roles.ts";
import { templateOf } from "../support/template.ts";

const made = await templateOf("dev");

const READ = { action: "ssm:GetParameter", resource: "arn:aws:ssm:eu-local-1:000000000000:parameter/a/b" };
const allow = { Effect: "Allow", Action: "ssm:GetParameter", Resource: READ.resource };
const deny = { ...allow, Effect: "Deny" };

function decided(right: Right, ...statements: readonly Readonly<Record<string, unknown>>[]): Decision {
  return decide(statementsOf(...statements), right);
}

test.each<[string, Decision, Record<string, unknown>[]]>([
  ["no statement", "silent", []],
  ["one that allows it", "allowed", [allow]],
  ["one that denies it", "denied", [deny]],
  ["one that allows and a later one that denies it", "denied", [allow, deny]],
  ["one that denies and a later one that allows it", "denied", [deny, allow]],
  ["another action", "silent", [{ ...allow, Action: "ssm:GetParameters" }]],
  ["an action of the same name at another service", "silent", [{ ...allow, Action: "s3:GetParameter" }]],
  ["an action in other letters", "allowed", [{ ...allow, Action: "SSM:getparameter" }]],
  ["actions of which one is it", "allowed", [{ ...allow, Action: ["ssm:PutParameter", "ssm:GetParameter"] }]],
  ["actions with a star", "allowed", [{ ...allow, Action: "ssm:Get*" }]],
  ["a star that stands for nothing", "allowed", [{ ...allow, Action: "ssm:GetParameter*" }]],
  ["every action", "allowed", [{ ...allow, Action: "*" }]],
  ["another resource", "silent", [{ ...allow, Resource: `${READ.resource}c` }]],
  ["a resource that only begins so", "silent", [{ ...allow, Resource: READ.resource.slice(0, -1) }]],
  ["a resource in other letters", "silent", [{ ...allow, Resource: READ.resource.replace("/a/b", "/A/b") }]],
  ["resources of which one is it", "allowed", [{ ...allow, Resource: ["arn:aws:ssm:x", READ.resource] }]],
  ["a resource with a star in the middle", "allowed", [{ ...allow, Resource: READ.resource.replace("/a/", "/*/") }]],
  ["a question mark for one sign", "allowed", [{ ...allow, Resource: READ.resource.replace("/b", "/?") }]],
  ["a question mark for no sign", "silent", [{ ...allow, Resource: `${READ.resource}?` }]],
  ["a dot that is no wildcard", "silent", [{ ...allow, Resource: READ.resource.replace("/b", "/.") }]],
])("with %s it is %s", (_what, decision, statements) => {
  expect(decided(READ, ...statements)).toBe(decision);
});

const passed = (to?: string): Right => ({ ...READ, ...(to !== undefined && { context: { "iam:PassedToService": to } }) });
const on = (operator: string, value: unknown, key = "iam:PassedToService") => ({ ...allow, Condition: { [operator]: { [key]: value } } });

test.each<[string, unknown, string | undefined, Decision]>([
  ["StringEquals", "a.amazonaws.com", "a.amazonaws.com", "allowed"],
  ["StringEquals", "a.amazonaws.com", "A.amazonaws.com", "silent"],
  ["StringEquals", ["b", "a"], "a", "allowed"],
  ["StringEquals", "*", "a", "silent"],
  ["StringEquals", "a", undefined, "silent"],
  ["StringEqualsIfExists", "a", undefined, "allowed"],
  ["StringEqualsIfExists", "a", "b", "silent"],
  ["StringNotEquals", "a", "b", "allowed"],
  ["StringNotEquals", ["a", "b"], "b", "silent"],
  ["StringNotEquals", "a", undefined, "allowed"],
  ["StringEqualsIgnoreCase", "a", "A", "allowed"],
  ["StringLike", "a*", "abc", "allowed"],
  ["StringNotLike", "a*", "abc", "silent"],
  ["ArnLike", "arn:aws:s:r:1:x/*", "arn:aws:s:r:1:x/y:z", "allowed"],
  ["ArnLike", "arn:aws:s:*:x/y", "arn:aws:s:r:1:x/y", "silent"],
  ["ArnNotEquals", "arn:aws:s:r:1:x", "arn:aws:s:r:2:x", "allowed"],
])("a condition %s %j of %j makes it %s", (operator, value, given, decision) => {
  expect(decided(passed(given), on(operator, value))).toBe(decision);
});

test("every condition of a statement has to hold, whatever letters its key is written in", () => {
  const both = { StringEquals: { "IAM:passedtoservice": "a", "aws:SourceAccount": "1" } };
  const statement = { ...allow, Condition: both };
  expect(decided({ ...READ, context: { "iam:PassedToService": "a", "aws:SourceAccount": "1" } }, statement)).toBe("allowed");
  expect(decided({ ...READ, context: { "iam:PassedToService": "a", "aws:SourceAccount": "2" } }, statement)).toBe("silent");
});

test.each<[string, Record<string, unknown>, RegExp]>([
  ["NotAction", { Effect: "Allow", NotAction: "ssm:PutParameter", Resource: "*" }, /Unrecognized key: "NotAction"/],
  ["NotResource", { Effect: "Allow", Action: "*", NotResource: "*" }, /Unrecognized key: "NotResource"/],
  ["no resource", { Effect: "Allow", Action: "*" }, /Resource/],
  ["another effect", { ...allow, Effect: "Maybe" }, /"Allow"\|"Deny"/],
  ["an operator that it does not know", on("NumericLessThan", "3"), /cannot judge NumericLessThan of iam:PassedToService/],
  ["a set operator", on("ForAnyValue:StringEquals", "a"), /cannot judge ForAnyValue:StringEquals/],
  ["a key that it does not know", on("StringEquals", "x", "aws:PrincipalTag/team"), /cannot judge StringEquals of aws:PrincipalTag\/team/],
  ["a variable of IAM's own", { ...allow, Resource: "arn:aws:ssm:*:*:parameter/${aws:userid}" }, /cannot judge the policy variable/],
])("a statement with %s is refused with a sentence, never passed over", (_what, statement, message) => {
  expect(() => statementsOf(statement)).toThrow(
    expect.objectContaining({ name: "UnknownTemplateError", message: expect.stringMatching(message) }),
  );
});

describe("what stands in a template for an ARN", () => {
  const resolve = intrinsicsOf({
    Run: { Type: "AWS::Lambda::Function", Properties: { FunctionName: "shop-dev-run" } },
    Role: { Type: "AWS::IAM::Role" },
    Log: { Type: "AWS::Logs::LogGroup", Properties: { LogGroupName: "/aws/lambda/x" } },
    Bucket: { Type: "AWS::S3::Bucket" },
    Parameter: { Type: "AWS::SSM::Parameter" },
  });

  test.each<[unknown, string]>([
    ["arn:aws:x", "arn:aws:x"],
    [{ Ref: "Run" }, "shop-dev-run"],
    [{ Ref: "Role" }, "Role"],
    [{ "Fn::GetAtt": ["Run", "Arn"] }, "arn:aws:lambda:eu-local-1:000000000000:function:shop-dev-run"],
    [{ "Fn::GetAtt": "Role.Arn" }, "arn:aws:iam::000000000000:role/Role"],
    [{ "Fn::GetAtt": ["Log", "Arn"] }, "arn:aws:logs:eu-local-1:000000000000:log-group:/aws/lambda/x:*"],
    [{ "Fn::GetAtt": ["Bucket", "Arn"] }, "arn:aws:s3:eu-local-1:000000000000:Bucket"],
    [
      { "Fn::Sub": "arn:${AWS::Partition}:${AWS::Region}:${AWS::AccountId}:${Run}:${Run.Arn}" },
      "arn:aws:eu-local-1:000000000000:shop-dev-run:arn:aws:lambda:eu-local-1:000000000000:function:shop-dev-run",
    ],
    [{ "Fn::Sub": ["${own}/${!literal}", { own: { Ref: "Role" } }] }, "Role/${literal}"],
    [{ "Fn::Join": ["-", ["a", { Ref: "Run" }]] }, "a-shop-dev-run"],
  ])("%j is %s", (value, text) => {
    expect(resolve(value, "a test")).toBe(text);
  });

  test.each([
    { "Fn::ImportValue": "x" },
    { "Fn::If": ["Alarmed", "a", "b"] },
    { Ref: "Nobody" },
    { Ref: "Bucket" },
    { "Fn::GetAtt": ["Run", "Version"] },
    { "Fn::GetAtt": ["Parameter", "Arn"] },
    { "Fn::Sub": "${AWS::StackName}" },
    { Ref: "Run", "Fn::Sub": "two of them" },
    7,
    null,
  ])("%j is refused with a sentence that names the place", (value) => {
    const statement = { ...allow, Resource: value };
    const policy = { Version: "2012-10-17", Statement: [allow, statement] };
    expect(() => policyStatements(policy, "MyRole.Policies[0]", resolve)).toThrow(
      expect.objectContaining({
        name: "UnknownTemplateError",
        message: expect.stringContaining("MyRole.Policies[0].Statement[1].Resource"),
      }),
    );
  });
});

describe("a role", () => {
  const trust = {
    Version: "2012-10-17",
    Statement: [{ Effect: "Allow", Principal: { Service: "lambda.amazonaws.com" }, Action: "sts:AssumeRole" }],
  };
  const role = (properties: object) => ({ Type: "AWS::IAM::Role", Properties: { AssumeRolePolicyDocument: trust, ...properties } });

  const run = (id: string) => {
    const Role = { "Fn::GetAtt": [id, "Arn"] };
    return {
      Type: "AWS::Lambda::Function",
      Properties: { FunctionName: "x", Handler: "x.y", Timeout: 1, MemorySize: 1, Environment: { Variables: {} }, Role },
    };
  };

  test.each([
    ["a managed policy", { R: role({ ManagedPolicyArns: ["arn:aws:iam::aws:policy/AdministratorAccess"] }) }, /ManagedPolicyArns/],
    ["a boundary", { R: role({ PermissionsBoundary: "arn:aws:iam::aws:policy/ReadOnlyAccess" }) }, /PermissionsBoundary/],
    ["a policy outside of it", { R: role({}), P: { Type: "AWS::IAM::Policy", Properties: { Roles: [{ Ref: "R" }] } } }, /understand P/],
    [
      "a principal that is no service",
      { R: role({ AssumeRolePolicyDocument: { ...trust, Statement: [{ ...trust.Statement[0], Principal: "*" }] } }) },
      /Principal/,
    ],
  ])("with %s is not understood rather than taken for one without", (_what, resources, message) => {
    expect(() => templateFrom({ Resources: { ...resources, X: run("R") } })).toThrow(
      expect.objectContaining({ name: "UnknownTemplateError", message: expect.stringMatching(message) }),
    );
  });

  test("has the statements of a policy that names it, and of no other", () => {
    const decrypt = {
      Version: "2012-10-17",
      Statement: [{ Effect: "Allow", Action: "kms:Decrypt", Resource: "arn:aws:kms:local:1:key/k" }],
    };
    const policy = (id: string) => ({
      Type: "AWS::IAM::Policy",
      Properties: { PolicyName: "p", Roles: [{ Ref: id }], PolicyDocument: decrypt },
    });
    const count = (id: string) =>
      templateFrom({ Resources: { R: role({}), Other: role({}), P: policy(id), X: run("R") } }).roles[0]!.statements.length;
    expect(count("R")).toBe(count("Other") + 1);
  });

  test("that no function and no schedule names has no say, whatever it holds", () => {
    const other = role({ ManagedPolicyArns: ["arn:aws:iam::aws:policy/AdministratorAccess"] });
    const loose = { Type: "AWS::IAM::Policy", Properties: { Roles: [{ Ref: "Other" }] } };
    expect(
      templateFrom({ Resources: { R: role({}), Other: other, Loose: loose, X: run("R") } }).roles.map(({ logicalId }) => logicalId),
    ).toEqual(["R"]);
  });

  test("may have a name that is made of others, as that which osls gives to a function without a role of its own", () => {
    const RoleName = { "Fn::Join": ["-", ["shop", { Ref: "AWS::Region" }, "lambdaRole"]] };
    const { functions } = templateFrom({ Resources: { R: role({ RoleName, Path: "/" }), X: run("R") } });
    expect(functions[0]?.role).toMatchObject({
      name: "shop-eu-local-1-lambdaRole",
      arn: "arn:aws:iam::000000000000:role/shop-eu-local-1-lambdaRole",
    });
  });

  test("that a function names has to be in the template", () => {
    expect(() => templateFrom({ Resources: { X: run("Elsewhere") } })).toThrow(
      "The local host does not know Elsewhere, the role of X in serverless.yml: the template has none. Make it an AWS::IAM::Role of this service.",
    );
  });
});

describe("what a role of this service has and the local host cannot judge is told with its file and what to write instead:", () => {
  const { document } = made;
  const changedRole = (change: (properties: Record<string, unknown>) => void) => {
    const changed = structuredClone(document);
    change(changed.Resources["PollQueueRole"]!.Properties);
    return () => templateFrom(changed);
  };
  const inPolicy = (more: object) => (properties: Record<string, unknown>) => {
    const [policy] = properties["Policies"] as { PolicyDocument: { Statement: object[] } }[];
    Object.assign(policy!.PolicyDocument.Statement[0]!, more);
  };

  test.each<[string, (properties: Record<string, unknown>) => void, RegExp]>([
    [
      "NotAction",
      inPolicy({ NotAction: "ssm:*" }),
      /^\S[^]* PollQueueRole\.Policies\[0\] in infra\/roles\.yml: [^]*Name under Action what it is to allow\.$/,
    ],
    ["NotResource", inPolicy({ NotResource: "*" }), / in infra\/roles\.yml: [^]*Name under Resource what it is about\.$/],
    [
      "a managed policy",
      (properties) => (properties["ManagedPolicyArns"] = ["x"]),
      / PollQueueRole in infra\/roles\.yml: [^]*Write the statements of those policies into its Policies\.$/,
    ],
    [
      "a boundary",
      (properties) => (properties["PermissionsBoundary"] = "x"),
      / PollQueueRole in infra\/roles\.yml: [^]*Leave it out of the stage dev, /,
    ],
    [
      "a condition",
      inPolicy({ Condition: { NumericLessThan: { "aws:x": "1" } } }),
      / in infra\/roles\.yml\. Write the statement without, or teach it to /,
    ],
    [
      "a value that only AWS knows",
      inPolicy({ Resource: { "Fn::ImportValue": "x" } }),
      / in infra\/roles\.yml: [^]*Write it in another way, or teach /,
    ],
  ])("%s", (_what, change, sentence) => {
    expect(changedRole(change)).toThrow(sentence);
    expect(changedRole(change)).not.toThrow(/[✖→\n]/);
  });
});

test.each([
  ["has a condition that it does not know", { PrincipalOrgID: "o-1" }, /understand P in serverless\.yml: .*PrincipalOrgID/],
  ["is for a source that it cannot tell", { SourceArn: { "Fn::ImportValue": "x" } }, /cannot tell the value of P.SourceArn/],
])("a permission of the gateway that %s is refused, and one of another service is nobody's matter", (_what, more, message) => {
  const permission = (Principal: string) => ({
    Type: "AWS::Lambda::Permission",
    Properties: { FunctionName: "x", Action: "lambda:InvokeFunction", Principal, ...more },
  });
  expect(() => templateFrom({ Resources: { P: permission("apigateway.amazonaws.com") } })).toThrow(message);
  expect(templateFrom({ Resources: { P: permission("s3.amazonaws.com") } }).permissions).toEqual([]);
});
