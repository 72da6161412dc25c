import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, expect, onTestFinished, test } from "vitest";
import { maintenanceRepository } from "../../shared/db/maintenance-repository.ts";
import type { Archive, ArchiveBatch } from "../../shared/domain/archive.ts";
import { retentionRules, type ServiceRetention } from "../../shared/domain/retention.ts";
import { archiveRuns } from "../../shared/engine/maintain/archive-runs.ts";
import { letGoWeeks, type WeekStore } from "../../shared/engine/maintain/let-go-weeks.ts";
import { archiveToFolder } from "../../shared/index.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { explainingSession, PARTITIONED, sequentialScans } from "../support/plans.ts";
import { endRuns } from "../support/ended-runs.ts";
import { engineOf } from "../support/engine-calls.ts";

let database: TestDatabase;
let store: WeekStore;
const longTime = { remainingMs: () => 600_000 };
const month: ServiceRetention = { every: { done: "30 days", failed: "30 days" } };

beforeEach(async () => {
  database = await createTestDatabase();
  store = maintenanceRepository(database.connect("archiver"));
  await database.query("select baton.ensure_partitions()");
  await endRuns(database.query, { runs: 20, failedEach: 4 });
  await database.advance("60 days");
  // Weeks in which nothing was go.
  await letGoWeeks(store, retentionRules({ every: { cancelled: "30 days" } }), longTime);
  return async () => {
    await database.assertInvariants();
    await database[Symbol.asyncDispose]();
  };
});

/** A run as its line has it. */
interface Line {
  readonly id: string;
  readonly [key: string]: unknown;
}

const letGo = (archive: Archive, through = store, deadline = longTime) => letGoWeeks(through, retentionRules(month), deadline, archive);
const ids = async () => (await database.query<{ id: string }>("select id from baton.run order by id")).map(({ id }) => id);
const runOf = async (status: string) =>
  (await database.query<{ id: string }>("select run_id as id from baton.ending where status = $1 order by 1", [status]))[0]!.id;

/** An archive that keeps its batches in memory. */
function memory(): { archive: Archive; batches: ArchiveBatch[] } {
  const batches: ArchiveBatch[] = [];
  return { batches, archive: async (batch) => void batches.push(batch) };
}

const linesOf = (batches: readonly ArchiveBatch[]) => batches.flatMap(({ lines }) => lines).map((line) => JSON.parse(line) as Line);

function scratch(): string {
  const folder = mkdtempSync(join(tmpdir(), "baton-archive-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}

const filesIn = (folder: string) =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name));

test("each run that goes is a line of the archive, and its week goes whole once it is empty", async () => {
  const [before, folder] = [await ids(), scratch()];
  expect(await letGo(archiveToFolder(join(folder, "archive")))).toMatchObject({ weeks: 1, runs: 20, bytes: expect.any(Number), left: 0 });
  expect(await ids()).toEqual([]);
  const files = filesIn(folder);
  expect(files).toEqual([expect.stringMatching(/archive\/\d{4}-\d\d-\d\d\/[0-9a-f-]{36}-[0-9a-f]{16}\.jsonl$/)]);
  const lines = readFileSync(files[0]!, "utf8").trimEnd().split("\n");
  expect(lines.map((line) => (JSON.parse(line) as Line).id)).toEqual(before);
});

test("a line has all that is stored of a run: what it was given, its steps, attributes, failures, redrives and ending", async () => {
  const [done, failed] = [await runOf("done"), await runOf("failed")];
  await database.query("insert into baton.redrive values ($1, baton.now(), '{\"charge\": 1}')", [failed]);
  await database.query(`update baton.run set input = '{"text": "a\\nb \u2028 ü", "big": 1e300}' where id = $1`, [done]);
  await database.query('insert into baton.attribute values ($1, \'{"stage": "paid"}\')', [done]);
  const { archive, batches } = memory();
  await letGo(archive);
  const find = (id: string) => linesOf(batches).find((line) => line.id === id);
  const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.?\d*\+00:00$/) as string;
  const attempt = { node: "charge", attempt: 1, startedAt: time, finishedAt: time };
  const common = { workflow: "fulfil-order", version: 1, priority: 2, createdAt: time, startAt: time, endedAt: time, error: null };
  expect(find(done)).toEqual({
    ...common,
    id: done,
    status: "done",
    input: { text: "a\nb \u2028 ü", big: 1e300 },
    attributes: { stage: "paid" },
    steps: [{ ...attempt, position: 0, output: { chargeId: "c-1" } }],
    failures: [],
    redrives: [],
  });
  expect(find(failed)).toEqual({
    ...common,
    id: failed,
    status: "failed",
    input: { n: 4 },
    attributes: null,
    steps: [],
    failures: [{ ...attempt, retryAt: null, error: { name: "Error", message: "it broke" } }],
    redrives: [{ at: time, forgiven: { charge: 1 } }],
  });
});

test("an archive that throws keeps every run that it did not take, and the report says what went before", async () => {
  await database.query(
    "update baton.run set input = to_jsonb(repeat('x', 4200000)) where id in (select id from baton.run order by id limit 3)",
  );
  let calls = 0;
  const { archive, batches } = memory();
  const broken: Archive = async (batch) => (++calls === 2 ? Promise.reject(new Error("no room")) : archive(batch));
  await expect(letGo(broken)).rejects.toMatchObject({
    message: expect.stringMatching(/^The archive did not take 18 runs as .*\.jsonl, so they were kept\. .* Error: no room$/),
    facts: { weeks: 0, runs: 2 },
  });
  expect([(await ids()).length, batches.map(({ lines }) => lines.length)]).toEqual([18, [2]]);
});

test("an archive that hangs is given up before the deadline, told so, and nothing goes", async () => {
  let left = 60_000;
  let told: unknown;
  const slow = {
    ...store,
    readExpired: (...of: Parameters<WeekStore["readExpired"]>) => store.readExpired(...of).finally(() => (left = 5_050)),
  };
  const hanging: Archive = ({ signal }) => new Promise(() => signal.addEventListener("abort", () => (told = signal.reason)));
  await expect(letGo(hanging, slow, { remainingMs: () => left })).rejects.toThrow(/did not take 20 runs .* It took longer than 50 ms/);
  expect([(await ids()).length, told]).toEqual([20, expect.any(Error)]);
});

test("a maintenance that is killed between taking and letting go writes the same file again", async () => {
  const folder = scratch();
  const dying = { ...store, letGoTaken: () => Promise.reject(new Error("killed")) };
  await expect(letGo(archiveToFolder(folder), dying)).rejects.toThrow("killed");
  const files = filesIn(folder).map((file) => [file, readFileSync(file, "utf8")]);
  expect([files.length, (await ids()).length]).toEqual([1, 20]);
  await letGo(archiveToFolder(folder));
  expect(filesIn(folder).map((file) => [file, readFileSync(file, "utf8")])).toEqual(files);
  expect(await ids()).toEqual([]);
});

test("an archive that throws before it promises anything keeps the runs, and leaves no timer behind", async () => {
  const timers = () => process.getActiveResourcesInfo().filter((resource) => resource === "Timeout").length;
  const before = timers();
  const week = { starts: "2026-11-23T00:00:00Z", rules: {}, moment: "2026-12-31T00:00:00Z" };
  const broken: Archive = () => {
    throw new Error("no disk");
  };
  const taking = archiveRuns(broken, week, { ids: ["a"], lines: ["{}"], past: null }, { remainingMs: () => 600_000 });
  await expect(taking).rejects.toThrow(/did not take 1 runs? .* no disk/);
  expect(timers()).toBe(before);
});

test("a run that an operator redrives, changes or deletes once it was taken does not go as it was", async () => {
  const engine = engineOf(database);
  const [changed, redriven, deleted] = [await runOf("done"), await runOf("failed"), (await ids())[9]!];
  const { archive, batches } = memory();
  const disturbed: Archive = async (batch) => {
    await archive(batch);
    if (batches.length > 1) return;
    await engine.changeAttributes(changed, { stage: "late" });
    await engine.redrive(redriven);
    await database.query("select baton.delete_run($1)", [deleted]);
  };
  expect(await letGo(disturbed)).toMatchObject({ weeks: 0, runs: 17 });
  expect(await ids()).toEqual([changed, redriven].toSorted());
  expect(await letGo(disturbed)).toMatchObject({ weeks: 0, runs: 1 });
  expect(linesOf(batches.slice(1))).toMatchObject([{ id: changed, attributes: { stage: "late" } }]);
  expect(await ids()).toEqual([redriven]);
});

test("a batch reads what it lets go, and no week as a whole, with an archive or without", async () => {
  await database.setNow(null);
  await endRuns(database.query, { runs: 10_000, failedEach: 2, from: 1_000 });
  await database.query("vacuum analyze");
  await database.advance("60 days");
  await using session = await explainingSession(database.ownerUrl);
  const [first] = await database.query<{ starts: string }>(
    "select date_trunc('week', baton.id_time(min(id::text)::uuid))::text as starts from baton.run",
  );
  const ofWeek = [first!.starts, JSON.stringify(retentionRules(month))];
  const read = await session.call("baton.read_expired($1, $2, baton.now(), null, 1000)", ...ofWeek);
  const { ids } = read.answer as { ids: string[] };
  const taken = JSON.stringify({ ids, digests: ids.map(() => "other") });
  const kept = await session.call("baton.let_go_taken($1, $2, baton.now(), $3)", ...ofWeek, taken);
  const gone = await session.call("baton.let_go_runs($1, $2, baton.now(), null, 1000)", ...ofWeek);
  expect([ids.length, kept.answer, gone.answer]).toMatchObject([1_000, 0, { gone: 1_000 }]);
  const ran = [read, kept, gone].flatMap((call) => call.ran);
  expect(sequentialScans(ran)).toEqual([]);
  const scans = ran.flatMap((each) => each.scans).filter(({ relation }) => PARTITIONED.test(relation));
  expect(Math.max(...scans.map(({ rows }) => rows))).toBeLessThanOrEqual(1_000);
});

test("a login that was not given the right to archive reads nothing for it, and nothing goes", async () => {
  const { archive, batches } = memory();
  await expect(letGo(archive, maintenanceRepository(database.connect("maintainer")))).rejects.toThrow(
    /permission denied for function read_expired/,
  );
  expect([(await ids()).length, batches]).toEqual([20, []]);
});
