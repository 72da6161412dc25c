import { v7 } from "uuid";
import { afterEach, describe, expect, test } from "vitest";
import { handler } from "../../functions/control-runs.http.ts";
import { createClient } from "../../shared/client.ts";
import { maintenanceRepository } from "../../shared/db/maintenance-repository.ts";
import { retentionRules } from "../../shared/domain/retention.ts";
import { letGoWeeks } from "../../shared/engine/maintain/let-go-weeks.ts";
import { call, deployFunctions } from "../support/http-functions.ts";
import { poll } from "../support/poller.ts";
import { fulfilOrder } from "../support/workflows.ts";

const database = await deployFunctions("operator");
const client = createClient({ database: database.database });
afterEach(() => database.assertInvariants());

const remove = (id: string, query = "") => call(handler, { method: "DELETE", path: `/runs/${id}`, query, parameters: { id } });
const get = (id: string) => call(handler, { path: `/runs/${id}`, parameters: { id } });
const tables = ["run", "attribute", "checkpoint", "failure", "ending", "redrive", "control"];
const rowsOf = async (id: string) => {
  const counts = tables.map((table) => `(select count(*) from baton.${table} where ${table === "run" ? "id" : "run_id"} = $1)`);
  const [row] = await database.query(`select (${counts.join(" + ")})::int as rows`, [id]);
  return row!["rows"];
};
const auditOf = (id: string) =>
  database.query("select action, actor, details from baton.audit where run_id = $1 and action = 'delete'", [id]);

/** A run with a row in each table that an ended one may have any in. */
async function endedRun(): Promise<string> {
  const { id } = await client.enqueue(fulfilOrder, { orderId: "canary-o-1", amountCents: 1250 });
  await poll(database.database, [fulfilOrder]);
  await database.query("delete from baton.ready where run_id = $1", [id]);
  await database.query("insert into baton.ending values ($1, 'failed', '{\"name\": \"canary\"}', baton.now())", [id]);
  await database.query('insert into baton.attribute values ($1, \'{"customerId": "canary"}\')', [id]);
  await database.query("insert into baton.redrive values ($1, baton.now(), '{}')", [id]);
  return id;
}

describe("DELETE /runs/{id}", () => {
  test("removes an ended run at once with all that is stored of it, and leaves one row of the audit without payload", async () => {
    const id = await endedRun();
    expect(await rowsOf(id)).toBeGreaterThan(4);
    expect(await remove(id)).toMatchObject({ status: 200, body: { id, status: "deleted" } });
    expect([await rowsOf(id), (await get(id)).status]).toEqual([0, 404]);
    const audit = await auditOf(id);
    expect(audit).toEqual([
      { action: "delete", actor: expect.any(String), details: { workflow: "fulfil-order", version: 1, status: "failed" } },
    ]);
    expect(JSON.stringify(audit)).not.toContain("canary");
  });

  test("repeated, says the same and adds nothing to the audit", async () => {
    const id = await endedRun();
    await remove(id);
    expect(await remove(id)).toMatchObject({ status: 200, body: { id, status: "deleted" } });
    expect(await auditOf(id)).toHaveLength(1);
  });

  test("is refused with 409 while the run has not ended, which goes on", async () => {
    const { id } = await client.enqueue(fulfilOrder, { orderId: "o-1", amountCents: 1250 });
    expect(await remove(id)).toMatchObject({ status: 409, body: { type: "urn:baton:problem:wrong-status" } });
    expect([await rowsOf(id), await auditOf(id)]).toEqual([1, []]);
  });

  test.each([
    ["an id that no run has", v7()],
    ["a text that is no id", "x"],
  ])("of %s is 404", async (_what, id) => {
    expect(await remove(id)).toMatchObject({ status: 404, body: { type: "urn:baton:problem:unknown-run" } });
  });

  test("takes no parameter", async () => {
    expect(await remove(v7(), "force=1")).toMatchObject({ status: 400 });
  });
});

test("a run that the retention let go is 404 with until when it was kept; one of a week that it never touched is just unknown", async () => {
  const id = await endedRun();
  const [never] = [v7({ msecs: Date.now() - 400 * 86_400_000 })];
  await database.advance("60 days");
  const store = maintenanceRepository(database.connect("maintainer"));
  await letGoWeeks(store, retentionRules({ every: { failed: "30 days" } }), { remainingMs: () => 600_000 });
  expect((await get(id)).body).toMatchObject({
    status: 404,
    detail: expect.stringMatching(/^No run has this id\. If one had, it was kept until \d{4}-\d\d-\d\dT[\d:.]+Z: /),
  });
  expect((await get(never)).body).toMatchObject({ status: 404, detail: "No run has this id." });
});
