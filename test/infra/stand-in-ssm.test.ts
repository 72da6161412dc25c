import {
  GetParameterCommand,
  ListTagsForResourceCommand,
  PutParameterCommand,
  type PutParameterCommandInput,
  SSMClient,
} from "@aws-sdk/client-ssm";
import { afterAll, expect, test } from "vitest";
import { broken, invalid, missing, refused, startProbeHost, type Thrown, thrownBy } from "../support/probe-host.ts";

const { connection } = await startProbeHost();
const ssm = new SSMClient(connection);
afterAll(() => ssm.destroy());

const put = (input: Partial<PutParameterCommandInput>) =>
  ssm.send(new PutParameterCommand({ Name: "/a/b", Value: "x", Type: "String", Overwrite: true, ...input }));
const get = (Name: string | undefined) => ssm.send(new GetParameterCommand({ Name, WithDecryption: true }));
const long = "x".repeat(2_049);

test("gives back what was put, however long a value may be", async () => {
  for (const [Value, Tier] of [
    ["x".repeat(4_096), "Standard"],
    ["ä".repeat(4_096), "Advanced"],
    [" {} ", undefined],
  ] as const) {
    await put({ Value, Tier });
    expect((await get("/a/b")).Parameter).toMatchObject({ Name: "/a/b", Value });
  }
});

test.each<[string, Partial<PutParameterCommandInput>, Thrown]>([
  ["no name", { Name: undefined }, invalid(missing("name"))],
  ["no value", { Value: undefined }, invalid(missing("value"))],
  ["neither", { Name: undefined, Value: undefined }, invalid(missing("name"), missing("value"))],
  ["a name that is too long", { Name: long }, invalid(broken(long, "name", "have length less than or equal to 2048"))],
  [
    "another type",
    { Type: "Secret" as "String" },
    invalid(broken("Secret", "type", "satisfy enum value set: [String, StringList, SecureString]")),
  ],
  [
    "another tier",
    { Tier: "Free" as "Standard" },
    invalid(broken("Free", "tier", "satisfy enum value set: [Standard, Advanced, Intelligent-Tiering]")),
  ],
  ["a key that is none", { KeyId: "a b" }, invalid(broken("a b", "keyId", "satisfy regular expression pattern: ^([a-zA-Z0-9:/_-]+)$"))],
  ["a long description", { Description: long }, invalid(broken(long, "description", "have length less than or equal to 1024"))],
  [
    "a tag without a key",
    { Tags: [{ Key: "", Value: "x" }] },
    invalid(broken("", "tags.1.member.key", "have length greater than or equal to 1")),
  ],
  [
    "a tag in signs",
    { Tags: [{ Key: "ä", Value: "%" }] },
    invalid(broken("%", "tags.1.member.value", String.raw`satisfy regular expression pattern: ^([\p{L}\p{Z}\p{N}_.:/=+\-@]*)$`)),
  ],
  [
    "a value of another type",
    { Value: 7 as unknown as string },
    refused("SerializationException", 400, "NUMBER_VALUE can not be converted to a String"),
  ],
  [
    "a flag of another type",
    { Overwrite: "yes" as unknown as boolean },
    refused("SerializationException", 400, "STRING_VALUE can not be converted to a Boolean"),
  ],
  [
    "an empty value",
    { Value: "" },
    invalid("Value at 'value' failed to satisfy constraint: Member must have length greater than or equal to 1"),
  ],
  [
    "more than 15 levels",
    { Name: "/a".repeat(16) },
    refused("HierarchyLevelLimitExceededException", 400, "A hierarchy can have a maximum of 15 levels."),
  ],
  ["a name of AWS's own", { Name: "/aws/mine" }, refused("AccessDeniedException", 400, "No access to reserved parameter name: /aws/mine.")],
  [
    "a name that exists",
    { Overwrite: false },
    refused(
      "ParameterAlreadyExists",
      400,
      "The parameter already exists. To overwrite this value, set the overwrite option in the request to true.",
    ),
  ],
  [
    "no type, and nothing to overwrite",
    { Name: "/new", Type: undefined },
    refused("ValidationException", 400, "A parameter type is required when you create a parameter."),
  ],
  [
    "a value that the pattern does not match",
    { AllowedPattern: "[0-9]+" },
    refused("ParameterPatternMismatchException", 400, "The value does not match the allowed pattern."),
  ],
])("refuses to put %s", async (_what, input, expected) => {
  expect(await thrownBy(put(input))).toEqual(expected);
});

test.each([
  ["of more than 4 KB", "x".repeat(4_097), undefined, /^Standard tier parameters support a maximum parameter value of 4096 characters\./],
  ["of more than 4 KB in bytes", "ä".repeat(2_049), "Standard", /^Standard tier/],
  [
    "of more than 8 KB in the advanced tier",
    "x".repeat(8_193),
    "Advanced",
    /^Advanced tier parameters support a maximum parameter value of 8192/,
  ],
  ["that names another parameter", "{{ssm:/a/b}}", undefined, /cannot nest another parameter/],
] as const)("refuses to put a value %s", async (_what, Value, Tier, message) => {
  expect(await thrownBy(put({ Value, Tier }))).toEqual({
    name: "ValidationException",
    status: 400,
    message: expect.stringMatching(message),
  });
});

test.each(["a/b", "/a//b", "/a/b/", "/a b", "/a@b", "ssm-mine", "/SSM/mine", "/ä"])("takes %j for no name", async (name) => {
  for (const call of [() => put({ Name: name }), () => get(name)]) {
    expect(await thrownBy(call())).toMatchObject({
      name: "ValidationException",
      message: expect.stringMatching(/^Parameter name: can't be prefixed with "ssm"/),
    });
  }
});

test("counts the ARN before it into the length of a name", async () => {
  const before = "arn:aws:ssm:eu-local-1:000000000000:parameter".length;
  await put({ Name: `/${"n".repeat(1_010 - before)}` });
  expect(await thrownBy(put({ Name: `/${"n".repeat(1_011 - before)}` }))).toMatchObject({ name: "ValidationException" });
});

test("refuses to get what is not there, or nothing by name", async () => {
  expect(await thrownBy(get("/nothing"))).toMatchObject({ name: "ParameterNotFound", status: 400 });
  expect(await thrownBy(get(undefined))).toEqual(invalid(missing("name")));
  expect(await thrownBy(get(""))).toEqual(invalid(broken("", "name", "have length greater than or equal to 1")));
});

test("has none of its other operations", async () => {
  const call = ssm.send(new ListTagsForResourceCommand({ ResourceType: "Parameter", ResourceId: "/a" }));
  expect(await thrownBy(call)).toMatchObject({
    name: "UnknownOperationException",
    message: "The local host has no AmazonSSM.ListTagsForResource.",
  });
});
