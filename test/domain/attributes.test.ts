import { describe, expect, it } from "vitest";
import * as z from "zod";
import { AttributesTooLargeError, checkPatch, joinPatches, mergeAttributes } from "../../shared/domain/attributes.ts";
import { InvalidWorkflowError } from "../../shared/domain/errors.ts";
import { NotJsonError } from "../../shared/domain/json.ts";
import { walk } from "../../shared/domain/walk.ts";
import { defineWorkflow } from "../../shared/domain/workflow.ts";

/** Attributes of so many bytes, as Postgres writes them. */
const ofBytes = (bytes: number) => ({ a: "x".repeat(bytes - '{"a": ""}'.length) });

describe("attributes are changed", () => {
  it("key by key at the top level: what is deeper goes as a whole, and null takes a key away", () => {
    const attributes = { tags: ["eu", "vip"], customer: { id: "c-1", name: "Ada" }, stage: "paid" };
    const patch = { tags: ["us"], customer: { id: "c-2" }, stage: null, none: null };
    expect(mergeAttributes(attributes, patch)).toEqual({ tags: ["us"], customer: { id: "c-2" } });
  });

  it("and keep a null that is deeper", () => {
    expect(mergeAttributes({}, { customer: { id: null } })).toEqual({ customer: { id: null } });
  });

  it("up to 2,048 bytes as the database writes them, and not one more", () => {
    expect(mergeAttributes({}, ofBytes(2_048))).toEqual(ofBytes(2_048));
    const tooMany = expect.objectContaining({
      name: "AttributesTooLargeError",
      bytes: 2_049,
      message: expect.stringMatching(/^Of this run the attributes are 2049 bytes .*more than 2048: keep/),
    }) as Error;
    expect(() => mergeAttributes({}, ofBytes(2_049))).toThrow(tooMany);
    expect(() => mergeAttributes({ b: 1 }, ofBytes(2_048))).toThrow(AttributesTooLargeError);
  });
});

describe("a change of attributes", () => {
  it.each([
    ["a list", []],
    ["a text", "eu"],
    ["null", null],
    ["nothing", undefined],
  ])("is an object, and no %s", (_what, given) => {
    expect(() => checkPatch(given)).toThrow(NotJsonError);
  });

  it("is JSON, and says where it is not", () => {
    expect(() => checkPatch({ at: { time: new Date() } })).toThrow(expect.objectContaining({ pointer: "/at/time" }) as Error);
  });

  it("is joined with an earlier one of the same attempt: the later holds, and a null stays for the database", () => {
    expect(joinPatches({ a: 1, b: 2, c: null }, { b: null, c: 3 })).toEqual({ a: 1, b: null, c: 3 });
    expect(() => joinPatches(ofBytes(2_048), { b: 1 })).toThrow(AttributesTooLargeError);
  });
});

const Order = z.object({ customerId: z.string(), country: z.string().default("de") });

describe("a workflow's own attributes", () => {
  const order = defineWorkflow({
    name: "order",
    version: 1,
    input: Order,
    attributes: ({ input }) => ({ customerId: input.customerId, tags: [input.country] }),
  })
    .step("charge", (_state, { setAttributes }) => setAttributes({ stage: "charged", paid: true }))
    .sql("ship", (_state, context) => {
      context.setAttributes({ stage: "shipped" });
      context.setAttributes({ paid: null });
      return { statements: [] };
    });

  it("are a function of the input as its schema gives it, or the workflow is refused", () => {
    expect(order.attributes!({ input: { customerId: "c-1", country: "fr" } })).toEqual({ customerId: "c-1", tags: ["fr"] });
    const untyped = { customerId: "c-1" } as never;
    expect(() => defineWorkflow({ name: "order", version: 1, input: Order, attributes: untyped })).toThrow(InvalidWorkflowError);
  });

  it("and what handlers set are what a walk gives back", async () => {
    const { attributes } = await walk(order, { customerId: "c-1" });
    expect(attributes).toEqual({ customerId: "c-1", tags: ["de"], stage: "shipped" });
  });

  it("of a walk are none where nobody sets any", async () => {
    expect((await walk(defineWorkflow({ name: "order", version: 1, input: Order }), { customerId: "c-1" })).attributes).toEqual({});
  });

  it("throw in a walk what a poller would refuse, or leave out", async () => {
    const set = (patch: object) =>
      walk(
        order.step("last", (_state, context) => context.setAttributes(patch as never)),
        { customerId: "c-1" },
      );
    await expect(set({ at: new Date() })).rejects.toThrow(NotJsonError);
    await expect(set(ofBytes(2_048))).rejects.toThrow(AttributesTooLargeError);
  });
});
