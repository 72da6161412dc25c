import { describe, expect, it } from "vitest";
import { recognise } from "../../shared/domain/recognise.ts";
import type { Json } from "../../shared/domain/json.ts";
import { createRegistry } from "../../shared/domain/registry.ts";
import { stateOf } from "../../shared/domain/run.ts";
import type { ClaimedRun } from "../../shared/domain/protocol.ts";
import { order } from "./fixtures.ts";

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
    expect(failed.run.chain.look({ state: () => ({ input: null }) }).moves).toMatchObject([{ path: "charge", attempt: 3, forgiven: 1 }]);
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
