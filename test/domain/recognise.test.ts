import { describe, expect, it } from "vitest";
import * as z from "zod";
import { mailOf, recognise } from "../../shared/domain/recognise.ts";
import type { Json } from "../../shared/domain/json.ts";
import { createRegistry } from "../../shared/domain/registry.ts";
import { stateOf } from "../../shared/domain/run.ts";
import type { ClaimedRun } from "../../shared/domain/protocol.ts";
import { defineWorkflow } from "../../shared/domain/workflow.ts";
import { order } from "./fixtures.ts";
import { sceneOf } from "./scene.ts";

const registry = createRegistry([order], { pollerTimeoutMs: 300_000 });

const facts = (some: Partial<ClaimedRun> = {}): ClaimedRun => ({
  id: "run-1",
  place: 0,
  workflow: "order",
  version: 1,
  input: { id: "o-1" },
  outputs: null,
  failures: null,
  forgiven: null,
  ...some,
});

describe("a claimed run", () => {
  it("whose workflow this code has goes on with what is stored of it", () => {
    const outputs = { charge: { chargeId: "c" } };
    const found = recognise(facts({ outputs, failures: { charge: 2 }, forgiven: { charge: 1 } }), registry);
    expect(found.kind).toBe("known");
    expect(found.run).toMatchObject({ id: "run-1", workflow: order });
    expect(stateOf(found.run)).toMatchObject(outputs);
    const failed = recognise(facts({ failures: { charge: 2 }, forgiven: { charge: 1 } }), registry);
    expect(failed.run.chain.look(sceneOf(() => ({ input: null }))).moves).toMatchObject([{ path: "charge", attempt: 3, forgiven: 1 }]);
  });

  it.each([
    ["name", { workflow: "ship" }, 'this code has no workflow "ship" version 1'],
    ["inherited name", { workflow: "__proto__" }, 'this code has no workflow "__proto__" version 1'],
    ["version", { version: 2 }, 'this code has no workflow "order" version 2'],
  ])("of an unknown %s waits for code of any shape", (_, some, reason) => {
    expect(recognise(facts(some), registry)).toMatchObject({ kind: "unknown", shape: "", reason, run: { id: "run-1" } });
  });

  it("with an output that this code cannot have stored waits for code of another shape", () => {
    expect(recognise(facts({ outputs: { ship: 1 } }), registry)).toMatchObject({
      kind: "unknown",
      shape: "step:charge|sleep:cooling-off|sql:record|step:notify",
      reason: 'version 1 of workflow "order" in this code cannot have stored an output for "ship"',
    });
  });

  it("knows of its mail what it was told, by the database's clock", () => {
    const letter = { n: 1, name: "paid", body: 5 };
    const mail = { names: ["paid"], letters: [{ ...letter, at: "1970-01-01T00:00:01.000Z" }] };
    expect(mailOf(2_000, mail).first(["paid"])).toEqual({ ...letter, at: 1_000 });
    expect(mailOf(2_000, null).knows(["paid"], 0)).toBe(false);
  });

  it("goes on from when what sleeps, backs off or failed for good below its nodes did so", () => {
    const workflow = defineWorkflow({ name: "sides", version: 1, input: z.null() }).all("sides", {
      a: (chain) => chain.sleep("wait", "1 hour"),
      b: (chain) => chain.step("x", () => 1),
      c: (chain) => chain.step("y", () => 1),
    });
    const [later, latest] = ["2030-01-31T10:00:00.000Z", "2030-01-31T11:00:00.000Z"];
    const some: Partial<ClaimedRun> = {
      workflow: "sides",
      outputs: { "sides/a/wait": { until: latest } },
      failures: { "sides/b/x": 1, "sides/c/y": 2 },
      asleep: { "sides/a/wait": latest },
      backing_off: { "sides/b/x": later },
    };
    const sides = createRegistry([workflow], { pollerTimeoutMs: 300_000 });
    const look = sceneOf(() => ({ input: null }));
    const open = recognise(facts(some), sides).run.chain;
    expect(open.look(look)).toMatchObject({ moves: [{ path: "sides/c/y", attempt: 3 }], until: Date.parse(later) });
    const fatal = { "sides/c/y": { attempt: 2, at: later, error: { name: "Error", message: "no" } } };
    expect(recognise(facts({ ...some, fatal }), sides).run.chain.fatal).toMatchObject({ at: Date.parse(later), error: { message: "no" } });
    expect(recognise(facts({ ...some, fatal, forgiven: { "sides/c/y": 2 } }), sides).run.chain.fatal).toBeUndefined();
  });

  it("that cannot be read fails alone", () => {
    let deep: Json = [];
    for (let level = 0; level < 20_000; level++) deep = [deep];
    expect(recognise(facts({ input: deep }), registry)).toMatchObject({
      kind: "unreadable",
      run: { id: "run-1", chain: { position: 0 } },
      error: { name: "UnreadableRunError" },
    });
  });
});
