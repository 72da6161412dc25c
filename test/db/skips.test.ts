import { expect, test } from "vitest";
import type { Json } from "../../shared/domain/json.ts";
import { createTestDatabase } from "../support/database.ts";
import { claimRequest, engineOf, newRun } from "../support/engine-calls.ts";

const database = await createTestDatabase();
const engine = engineOf(database);

const line = { name: "fulfil-order", version: 1, shape: "any" };
const manifest = [
  {
    ...line,
    skips: [
      { path: "code", floor: "over" },
      { path: "checks/poll", floor: "pass" },
      { path: "mails", floor: "fold" },
    ],
  },
];
const index = (n: number) => String(n).padStart(5, "0");
const upTo = <Path>(count: number, path: (n: number) => Path) => Array.from({ length: count }, (_, n) => path(n));

/** A run that is due, with these rows and failed attempts. */
async function stored(rows: readonly string[], failed: readonly string[] = []): Promise<string> {
  const run = newRun();
  await engine.enqueue([run]);
  await database.query(
    `insert into baton.checkpoint (run_id, node, position, attempt, started_at, finished_at, output)
     select $1, node, 0, 0, baton.now(), baton.now(), '1' from unnest($2::text[]) as node`,
    [run.id, rows],
  );
  await database.query(
    `insert into baton.failure (run_id, node, attempt, started_at, finished_at, retry_at, error)
     select $1, node, 1, baton.now(), baton.now(), baton.now(), '{}' from unnest($2::text[]) as node`,
    [run.id, failed],
  );
  await database.query("update baton.ready set begun = true where run_id = $1", [run.id]);
  return run.id;
}

/** What a claim reads of it, and of its failures. */
async function read(id: string, lines: typeof manifest | [typeof line] = manifest): Promise<{ rows: string[]; failed: string[] }> {
  const { token, runs } = await engine.claim({ manifest: lines });
  await engine.advance(token, 1, { done: runs.map(({ id: run, place }) => ({ run, place })) });
  const found = runs.find((run) => run.id === id)!;
  return { rows: Object.keys(found.outputs ?? {}).sort(), failed: Object.keys(found.failures ?? {}).sort() };
}

test("a claim reads no steps of a script that is over, and all of one that is not", async () => {
  const steps = upTo(5, (n) => `code/step/${n}`);
  expect(await read(await stored(["after", "code", ...steps], ["code", "code/step/1"]))).toEqual({
    rows: ["after", "code"],
    failed: ["code"],
  });
  expect((await read(await stored(["before", ...steps]))).rows).toEqual(["before", ...steps]);
});

test("a claim reads the last two passes of a repeat, and how it ended", async () => {
  const passes = upTo(20, (n) => [`checks/poll/${index(n)}/ask`, `checks/poll/${index(n)}/~again`]).flat();
  const last = passes.slice(-4);
  const failed = ["checks/poll/00003/ask", "checks/poll/00019/ask"];
  expect(await read(await stored(["checks/other/a", ...passes, "checks/poll/~over", "zeal"], failed))).toEqual({
    rows: ["checks/other/a", ...last, "checks/poll/~over", "zeal"],
    failed: ["checks/poll/00019/ask"],
  });
  expect((await read(await stored(passes.slice(0, 2)))).rows).toEqual(passes.slice(0, 2));
});

test("a claim reads the items that are not collected, and what was collected last and before", async () => {
  const items = upTo(250, (n) => `mails/${index(n)}/send`);
  const folds = ["mails/~fold/00100", "mails/~fold/00200"];
  const kept = ["mails", ...items.slice(200), ...folds];
  expect((await read(await stored(["mails", ...items, ...folds]))).rows).toEqual(kept);
  expect((await read(await stored(["mails", ...items.slice(0, 3)]))).rows).toEqual(["mails", ...items.slice(0, 3)]);
});

test("a claim reads everything of runs whose workflow skips nothing, also beside others that do", async () => {
  const rows = ["code", "code/step", "last"];
  expect((await read(await stored(rows), [line])).rows).toEqual(rows);
  expect(
    (
      await read(await stored(rows), [
        { ...line, skips: [] },
        { ...manifest[0]!, version: 2 },
      ])
    ).rows,
  ).toEqual(rows);
  // What this code does not have is set aside, whatever is stored of it.
  expect((await read(await stored(rows), [{ ...manifest[0]!, version: 2 }])).rows).toEqual([]);
});

test("what is skipped is not looked at: a claim of a run with 1,000 passes reads the pages that one with 10 does", async () => {
  const pages = async (count: number) => {
    await stored(upTo(count, (n) => [`checks/poll/${index(n)}/ask`, `checks/poll/${index(n)}/~again`]).flat());
    await database.query("vacuum analyze baton.checkpoint");
    const request = JSON.stringify(claimRequest({ manifest }));
    const [row] = await database.query<{ "QUERY PLAN": [{ Plan: Record<string, Json> }] }>(
      `explain (analyze, buffers, timing off, format json) select baton.claim(gen_random_uuid(), '${request}')`,
    );
    await database.query("truncate baton.lease, baton.run, baton.checkpoint, baton.ready");
    const plan = row!["QUERY PLAN"][0].Plan;
    return (plan["Shared Hit Blocks"] as number) + (plan["Shared Read Blocks"] as number);
  };
  await pages(10);
  const [few, many] = [await pages(10), await pages(1_000)];
  console.log(`pages of a claim: ${few} with 10 passes, ${many} with 1,000`);
  expect(many).toBeLessThan(few * 1.5);
});
