import { afterEach, expect, test, vi } from "vitest";
import { v7 } from "uuid";
import type { RunView } from "../../shared/client.ts";
import { handler as controlRuns } from "../../functions/control-runs.http.ts";
import { handler as enqueueRun } from "../../functions/enqueue-run.http.ts";
import { call, deployFunctions } from "../support/http-functions.ts";

vi.mock("../../shared/workflows/index.ts", async () => {
  const z = await import("zod");
  const { defineWorkflow } = await import("../../shared/index.ts");
  const Rent = z.strictObject({ bike: z.string(), city: z.string().default("Bonn"), slip: z.string().optional() });
  const rent = defineWorkflow({
    name: "rent",
    version: 1,
    input: Rent,
    attributes: ({ input }): { bike: string; tags: string[]; at?: string } => {
      if (input.slip === "throws") throw new TypeError("no bike with password=hunter2");
      if (input.slip === "date") return { bike: input.bike, tags: [], at: new Date() as never };
      if (input.slip === "promise") return Promise.resolve({}) as never;
      return { bike: input.bike, tags: [input.city] };
    },
  }).step("lend", () => null);
  return { workflows: [rent, defineWorkflow({ name: "plain", version: 1, input: z.null() }).step("go", () => null)] };
});

const database = await deployFunctions("owner");
afterEach(() => database.assertInvariants());

const post = (body: unknown, name = "rent", headers = {}) =>
  call(enqueueRun, { method: "POST", path: `/workflows/${name}/runs`, parameters: { name }, body, headers });
const patch = (id: string, body: unknown) =>
  call<{ id: string; attributes: object; type: string; errors: object[] }>(controlRuns, {
    method: "PATCH",
    path: `/runs/${id}/attributes`,
    parameters: { id },
    body,
    headers: { "content-type": "application/json" },
  });
const attributesOf = async (id: string) => (await call<RunView>(controlRuns, { path: `/runs/${id}`, parameters: { id } })).body.attributes;
const stored = async () => (await database.query("select from baton.run")).length;
const ofBytes = (bytes: number) => ({ a: "x".repeat(bytes - '{"a": ""}'.length) });

test("a run has the attributes of its workflow, made from its parsed input, and over them, key by key, those that it is given", async () => {
  const own = await post({ input: { bike: "b-1" } });
  expect(await attributesOf(own.body.id)).toEqual({ bike: "b-1", tags: ["Bonn"] });
  const given = await post({ input: { bike: "b-1" }, attributes: { tags: ["vip"], customerId: "c-1", bike: null } });
  expect(await attributesOf(given.body.id)).toEqual({ tags: ["vip"], customerId: "c-1" });
});

test("a run without any shows an empty object, and has no row", async () => {
  const { body } = await post({ input: null }, "plain");
  expect(await attributesOf(body.id)).toEqual({});
  expect(await database.query("select from baton.attribute where run_id = $1", [body.id])).toEqual([]);
});

test("each run of a batch has its own", async () => {
  const runs = [{ input: null, attributes: { n: 1 } }, { input: null }, { input: null, attributes: { n: 3 } }];
  const { status, body } = await post({ runs }, "plain");
  expect(status).toBe(202);
  expect(await Promise.all(body.runs.map(({ id }) => attributesOf(id)))).toEqual([{ n: 1 }, {}, { n: 3 }]);
});

test.each([
  ["a list", { attributes: [] }, "/attributes", /^attributes are an object/],
  ["null", { attributes: null }, "/attributes", /^attributes are an object/],
  ["a byte too many", { attributes: ofBytes(2_049) }, "/attributes", /^the attributes are 2049 bytes .* more than 2048$/],
])("attributes that are %s are refused with a pointer, and nothing is stored", async (_what, given, pointer, message) => {
  const before = await stored();
  for (const [body, at] of [
    [{ input: null, ...given }, ""],
    [{ runs: [{ input: null }, { input: null, ...given }] }, "/runs/1"],
  ] as const) {
    const refused = await post(body, "plain");
    expect(refused).toMatchObject({ status: 422, body: { type: "urn:baton:problem:invalid-body" } });
    expect(refused.body.errors).toEqual([{ pointer: at + pointer, message: expect.stringMatching(message) }]);
  }
  expect(await stored()).toBe(before);
});

test("exactly 2,048 bytes are stored, the workflow's own among them", async () => {
  const { status, body } = await post({ input: null, attributes: ofBytes(2_048) }, "plain");
  expect(status).toBe(202);
  expect(await attributesOf(body.id)).toEqual(ofBytes(2_048));
  const both = await post({ input: { bike: "b-1" }, attributes: ofBytes(2_048) });
  expect(both.body.errors).toEqual([{ pointer: "/attributes", message: expect.stringContaining("more than 2048") }]);
});

test.each([
  ["throws", "/attributes", /^the workflow's function "attributes" threw TypeError: no bike with password=\*\*\*$/],
  ["date", "/attributes/at", /^the workflow's function "attributes" returned something that cannot be stored: a Date is not JSON/],
  ["promise", "/attributes", /^the workflow's function "attributes" threw TypeError: it returned a promise: decide at once/],
])("a workflow's attributes that go wrong (%s) are said with a pointer, and no secret", async (slip, pointer, message) => {
  const { status, body } = await post({ input: { bike: "b-1", slip } });
  expect(status).toBe(422);
  expect(body.errors).toEqual([{ pointer, message: expect.stringMatching(message) }]);
});

test("an idempotency key stands for the attributes too, and for a run without any as it always did", async () => {
  const first = await post({ input: null, attributes: { n: 1 }, idempotencyKey: "k-1" }, "plain");
  const again = await post({ input: null, attributes: { n: 1 }, idempotencyKey: "k-1" }, "plain");
  expect(again.body).toEqual(first.body);
  const other = await post({ input: null, attributes: { n: 2 }, idempotencyKey: "k-1" }, "plain");
  expect(other.body).toMatchObject({ status: 422, type: "urn:baton:problem:idempotency-conflict" });
  await post({ input: null, idempotencyKey: "k-2" }, "plain");
  // That of {"input":null,"priority":2,"workflow":"plain"}, as before there were attributes.
  expect(await database.query("select hash from baton.dedup where key = 'k-2'")).toEqual([
    { hash: "d1c8f04a4fb6e07522330b22a3e169eac837b971bacb2b725181f2d43a3a05f3" },
  ]);
});

test("an operator changes attributes: key by key, null takes one away, and a repeat answers the same", async () => {
  const { body } = await post({ input: { bike: "b-1" } });
  for (let n = 0; n < 2; n++) {
    const changed = await patch(body.id, { tags: ["late"], customerId: "c-1", bike: null });
    expect(changed).toMatchObject({ status: 200, body: { id: body.id, attributes: { tags: ["late"], customerId: "c-1" } } });
  }
  expect(await attributesOf(body.id)).toEqual({ tags: ["late"], customerId: "c-1" });
});

test.each([
  ["a list", [], "", /^attributes are an object/],
  ["a byte too many with what is there", ofBytes(2_037), "", /^with this change the attributes are \d+ bytes .* more than 2048$/],
  ["a number that would come back as another", '{"n":9007199254740993}', "/n", /double/],
  ["minus zero", '{"n":-0}', "/n", /minus zero/],
])("a change that is %s is refused with a pointer, and changes nothing", async (_what, body, pointer, message) => {
  const run = await post({ input: null, attributes: { there: 1 } }, "plain");
  const refused = await patch(run.body.id, body);
  expect(refused).toMatchObject({ status: 422, body: { type: "urn:baton:problem:invalid-body" } });
  expect(refused.body.errors).toEqual([{ pointer, message: expect.stringMatching(message) }]);
  expect(await attributesOf(run.body.id)).toEqual({ there: 1 });
});

test("a run that is not there is 404, whatever its id looks like", async () => {
  for (const id of [v7(), "nobody"])
    expect(await patch(id, { a: 1 })).toMatchObject({ status: 404, body: { type: "urn:baton:problem:unknown-run" } });
});
