import { once } from "node:events";
import { expect, test } from "vitest";
import { migrate } from "../../infra/migrate.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { startScript } from "../support/processes.ts";
import { projectFolder } from "../support/project-folder.ts";
import { until } from "../support/until.ts";
import { migrateOlder, newerSql, unpackOlder } from "./older.ts";
import type { StatesOptions } from "./states-process.ts";

const folder = projectFolder();
const older = await unpackOlder(folder, "states-process.ts");

function start(database: TestDatabase, version: StatesOptions["version"], part: StatesOptions["part"]) {
  const options: StatesOptions = { version, part, connection: { url: database.ownerUrl, driver: "pg" } };
  const child = startScript(older.scripts[version], JSON.stringify(options));
  return { stop: () => child.kill("SIGTERM"), ended: once(child, "exit") };
}

/** The runs by what was to become of them, with what is seen of each. */
async function look(database: TestDatabase) {
  const rows = await database.query<{
    id: string;
    state: string;
    found: { status: string; checkpoints: { node: string; output: unknown }[] };
  }>("select id, input ->> 'state' as state, baton.find_run(id) as found from baton.run");
  return new Map(
    rows.map(({ id, state, found }) => [
      state,
      { id, status: found.status, outputs: Object.fromEntries(found.checkpoints.map(({ node, output }) => [node, output])) },
    ]),
  );
}

test.each([
  ["older", "newer"],
  ["newer", "older"],
] as const)("runs that the %s version left in each state there is go on in the %s one, from where they are", async (left, next) => {
  await using database = await createTestDatabase();
  await database.query("drop schema baton cascade");
  await migrateOlder(older, database.ownerUrl);
  const upgrade = () => migrate({ url: database.ownerUrl, roles: true, sqlDir: newerSql(folder) });
  if (left === "newer") await upgrade();
  expect(await start(database, left, "leave").ended).toEqual([0, null]);
  const id = (await look(database)).get("cancelled")!.id;
  await database.query("select baton.cancel($1, '{}')", [id]);

  const before = await look(database);
  expect(Object.fromEntries([...before].map(([state, { status }]) => [state, status]))).toEqual({
    ready: "ready",
    delayed: "waiting",
    asleep: "waiting",
    retrying: "waiting",
    running: "running",
    blocked: "blocked",
    failed: "failed",
    cancelled: "cancelled",
    done: "done",
  });
  if (left === "older") await upgrade();
  await database.advance("61 minutes");
  await database.query("select baton.tick()");
  await database.query("select baton.redrive($1, '{}')", [before.get("failed")!.id]);
  const finishing = start(database, next, "finish");
  await until("every run has ended", async () => (await database.query("select from baton.ending")).length === before.size);
  finishing.stop();
  expect(await finishing.ended).toEqual([0, null]);

  const after = await look(database);
  for (const [state, { status, outputs }] of after) {
    expect([state, status]).toEqual([state, state === "cancelled" ? "cancelled" : "done"]);
    expect(outputs, "what was stored stays").toMatchObject(before.get(state)!.outputs);
    if (state !== "cancelled" && state !== "done") expect(outputs["last"], state).toBe(next);
  }
  expect(after.get("done")!.outputs["last"]).toBe(left);
  await database.assertInvariants();
});
