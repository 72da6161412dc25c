import { InvokeCommand, type InvokeCommandInput, LambdaClient } from "@aws-sdk/client-lambda";
import { afterAll, expect, test } from "vitest";
import { functionArn } from "../../infra/local/host/arns.ts";
import { broken, invalid, refused, startProbeHost, type Thrown, thrownBy } from "../support/probe-host.ts";
import { until } from "../support/until.ts";

const { connection, printed } = await startProbeHost();
const lambda = new LambdaClient(connection);
afterAll(() => lambda.destroy());

const invoke = (input: Partial<InvokeCommandInput>) => lambda.send(new InvokeCommand({ FunctionName: "probe", ...input }));
const ofBytes = (bytes: number) => Buffer.from(`"${"x".repeat(bytes - 2)}"`);
const limit = 6_291_456;

test.each(["probe", functionArn("probe"), "000000000000:function:probe", "probe:$LATEST"])(
  "knows a function as %s",
  async (FunctionName) => {
    const { Payload } = await invoke({ FunctionName, Payload: '{"n":1}' });
    expect(Payload?.transformToString()).toBe('{"n":1}');
  },
);

test("does nothing in a dry run", async () => {
  expect(await invoke({ InvocationType: "DryRun", Payload: '"dry"' })).toMatchObject({ StatusCode: 204 });
  await invoke({ Payload: '"wet"' });
  await until("the real one has printed", () => printed().includes('"wet"'));
  expect(printed()).not.toContain('"dry"');
});

test.each<[string, Partial<InvokeCommandInput>, Thrown]>([
  [
    "a name that is none",
    { FunctionName: "a b" },
    {
      name: "ValidationException",
      status: 400,
      message: expect.stringMatching(
        /^1 validation error detected: Value 'a b' at 'functionName' failed to satisfy constraint: Member must satisfy regular expression pattern: \(arn:/,
      ),
    },
  ],
  [
    "another type",
    { InvocationType: "Later" as "Event" },
    invalid(broken("Later", "invocationType", "satisfy enum value set: [Event, RequestResponse, DryRun]")),
  ],
  ["another log", { LogType: "All" as "Tail" }, invalid(broken("All", "logType", "satisfy enum value set: [None, Tail]"))],
  [
    "a function that is not there",
    { FunctionName: "nothing" },
    refused("ResourceNotFoundException", 404, `Function not found: ${functionArn("nothing")}`),
  ],
  [
    "a version that is not there",
    { Qualifier: "7" },
    refused("ResourceNotFoundException", 404, `Function not found: ${functionArn("probe")}:7`),
  ],
  [
    "an alias that is not there",
    { FunctionName: "probe:live" },
    refused("ResourceNotFoundException", 404, `Function not found: ${functionArn("probe")}:live`),
  ],
  [
    "a context, which the local host does not pass on",
    { ClientContext: "e30=" },
    { name: "ValidationException", status: 400, message: expect.stringMatching(/^The local host does not know clientContext/) },
  ],
  [
    "an event that is no JSON",
    { Payload: "{" },
    { name: "InvalidRequestContentException", status: 400, message: expect.stringMatching(/^Could not parse request body into json: /) },
  ],
  [
    "a call of more than 6 MB",
    { Payload: ofBytes(limit + 1) },
    refused("RequestTooLargeException", 413, `Request must be smaller than ${limit} bytes for the InvokeFunction operation`),
  ],
  [
    "an event of more than 1 MB",
    { InvocationType: "Event", Payload: ofBytes(1_048_577) },
    refused("RequestTooLargeException", 413, "Request must be smaller than 1048576 bytes for the InvokeFunction operation"),
  ],
])("refuses %s", async (_what, input, expected) => {
  expect(await thrownBy(invoke(input))).toEqual(expected);
});

test("takes what is as large as it may be", async () => {
  expect((await invoke({ Payload: ofBytes(limit) })).Payload).toHaveLength(limit);
  expect(await invoke({ InvocationType: "Event", Payload: ofBytes(1_048_576) })).toMatchObject({ StatusCode: 202 });
});
