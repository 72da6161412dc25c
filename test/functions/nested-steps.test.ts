import { expect, test } from "vitest";
import fc from "fast-check";
import { handler } from "../../functions/control-runs.http.ts";
import type { RunView, StepView } from "../../shared/client.ts";
import { checkAfterEach } from "../support/engine-calls.ts";
import { call, deployFunctions } from "../support/http-functions.ts";
import { storeRun, type StoredFailure, type StoredRow, type StoredRun } from "../support/stored-runs.ts";

const database = await deployFunctions("operator");
checkAfterEach(database);

interface Page {
  readonly steps: readonly StepView[];
  readonly cursor: string | null;
  readonly more: boolean;
}

const get = async (id: string): Promise<RunView> => (await call<RunView>(handler, { path: `/runs/${id}`, parameters: { id } })).body;
const list = <Body = Page>(id: string, query: string) => call<Body>(handler, { path: `/runs/${id}/steps`, query, parameters: { id } });

/** Each step as a line, what is below it indented. */
const lines = (steps: readonly StepView[], indent = ""): string[] =>
  steps.flatMap(({ name, status, children = [] }) => [`${indent}${name} ${status}`, ...lines(children, `${indent}  `)]);
const shown = async (run: StoredRun) => lines((await get(await storeRun(database.query, run))).steps);
const row = (node: string, position: number, some: Partial<StoredRow> = {}): StoredRow => ({
  node,
  position,
  output: `of ${node}`,
  ...some,
});
const mark = (node: string, position: number, output: StoredRow["output"] = null): StoredRow => ({
  node,
  position,
  attempt: 0,
  output: output ?? null,
});
const nth = (n: number) => String(n).padStart(5, "0");

test("branches stand below their node, in the order in which they began, and what is over says so", async () => {
  const rows = [row("first", 0), row("both/bank/charge", 1), row("both/air/book", 1), row("both/bank/receipt", 1)];
  const expected = ["first done", "both running", "  bank done", "    charge done", "    receipt done", "  air done", "    book done"];
  expect(await shown({ status: "running", rows })).toEqual(expected);
  expect(await shown({ status: "running", rows: [...rows, row("last", 2)] })).toEqual([...expected.with(1, "both done"), "last done"]);
});

test("a failure at a later node proves the one before over", async () => {
  const run = { status: "waiting", rows: [row("both/a/x", 0)], failures: [{ node: "last", retryIn: 60 }] } as const;
  expect(await shown(run)).toEqual(["both done", "  a done", "    x done", "last waiting"]);
});

test("a step below has its path and attempts, and its output is where it is stored", async () => {
  const rows = [row("both/a/x", 0, { attempt: 2 })];
  const run = await get(await storeRun(database.query, { status: "done", rows, failures: [{ node: "both/a/x", retryIn: -50 }] }));
  expect(run.steps[0]).toMatchObject({ name: "both", path: "both", status: "done", output: null, attempts: [] });
  expect(run.steps[0]!.children![0]!.children![0]).toMatchObject({
    name: "x",
    path: "both/a/x",
    output: "of both/a/x",
    attempts: [
      { number: 1, error: { message: "it broke" } },
      { number: 2, error: null },
    ],
  });
});

test("of a choice the arm that was chosen is shown, and what it stores itself is not", async () => {
  const rows = [mark("route", 0, { case: "fast" })];
  expect(await shown({ status: "running", rows })).toEqual(["route running"]);
  expect(await shown({ status: "done", rows: [...rows, row("route/fast/ship", 0), mark("route/fast/~end", 0)] })).toEqual([
    "route done",
    "  fast done",
    "    ship done",
  ]);
  const run = await get(await storeRun(database.query, { status: "running", rows }));
  expect(run.steps[0]).toMatchObject({ output: null, attempts: [] });
});

test("a node whose condition did not hold is skipped, and one whose did is shown without the mark", async () => {
  const rows = [mark("gift", 0), mark("wrap/~when", 1, true), row("wrap", 1), row("ship", 2)];
  expect(await shown({ status: "done", rows })).toEqual(["gift skipped", "wrap done", "ship done"]);
  const run = await get(await storeRun(database.query, { status: "running", rows: rows.slice(0, 2) }));
  expect(lines(run.steps)).toEqual(["gift skipped", "wrap running"]);
  expect(run.steps[0]!.attempts).toEqual([]);
});

test("items of a map are shown in order, also those that have not begun", async () => {
  const rows = [mark("pages", 0, { items: [1, 2, 3, 4] }), row("pages/00001/get", 0), row("pages/00000/get", 0), row("pages/00001/put", 0)];
  const failures = [{ node: "pages/00002/get", retryIn: 30 }];
  expect(await shown({ status: "running", rows, failures })).toEqual([
    "pages running",
    "  00000 running",
    "    get done",
    "  00001 done",
    "    get done",
    "    put done",
    "  00002 waiting",
    "    get waiting",
    "  00003 pending",
  ]);
});

test("a map of nothing is done", async () => {
  expect(await shown({ status: "running", rows: [mark("pages", 0, { items: [] })] })).toEqual(["pages done"]);
});

test("what failed a run is failed down to the step, and what it kept from going on is skipped", async () => {
  const rows = [mark("pages", 0, { items: [1, 2, 3] }), row("pages/00000/get", 0)];
  const failures = [
    { node: "pages/00001/get", retryIn: null },
    { node: "pages/00002/get", retryIn: 30 },
  ];
  expect(await shown({ status: "failed", rows, failures })).toEqual([
    "pages failed",
    "  00000 done",
    "    get done",
    "  00001 failed",
    "    get failed",
    "  00002 skipped",
    "    get skipped",
  ]);
});

test("a failure that a redrive forgave is none", async () => {
  const failures = [{ node: "both/a/x", retryIn: null }];
  const run = { rows: [row("both/b/y", 0)], failures, forgiven: { "both/a/x": 1 } };
  expect(await shown({ status: "ready", ...run })).toEqual(["both pending", "  b done", "    y done", "  a pending", "    x pending"]);
  const later = [...failures, { node: "both/b/z", retryIn: null }];
  expect(await shown({ status: "failed", ...run, failures: later })).toEqual([
    "both failed",
    "  b failed",
    "    y done",
    "    z failed",
    "  a skipped",
    "    x skipped",
  ]);
});

test("an item that failed where that is tolerated is failed, and the run goes on", async () => {
  const rows = [mark("pages", 0, { items: [1, 2] }), row("pages/00000/get", 0)];
  const failures = [{ node: "pages/00001/get", retryIn: null }];
  const parts = ["  00000 done", "    get done", "  00001 failed", "    get failed"];
  expect(await shown({ status: "running", rows, failures })).toEqual(["pages running", ...parts]);
  expect(await shown({ status: "done", rows, failures })).toEqual(["pages done", ...parts]);
});

test("what a map stands in whose failed items are tolerated is as the run is, and has not failed", async () => {
  const nested = (at: string) => ({
    rows: [mark(`${at}/pages`, 0, { items: [1, 2] }), row(`${at}/pages/00000/get`, 0)],
    failures: [{ node: `${at}/pages/00001/get`, retryIn: null }],
  });
  const items = ["00000 done", "  get done", "00001 failed", "  get failed"].map((line) => `      ${line}`);
  const tree = (status: string) => [`both ${status}`, "  a done", "    pages done", ...items];
  expect(await shown({ status: "done", ...nested("both/a") })).toEqual(tree("done"));
  expect(await shown({ status: "running", ...nested("both/a") })).toEqual(tree("running"));
  const failed = await shown({ status: "failed", ...nested("both/a") });
  expect(failed.slice(0, 3)).toEqual(["both failed", "  a failed", "    pages failed"]);
  const inItem = nested("outer/00000");
  const id = await storeRun(database.query, {
    status: "done",
    rows: [mark("outer", 0, { items: [1] }), ...inItem.rows],
    failures: inItem.failures,
  });
  expect(lines((await list(id, "under=outer")).body.steps).slice(0, 2)).toEqual(["00000 done", "  pages done"]);
  expect(lines((await list(id, "under=outer/00000/pages&status=failed")).body.steps)).toEqual(["00001 failed", "  get failed"]);
});

test("a function that threw, and was asked again after a redrive, keeps nothing waiting", async () => {
  const rows = [mark("pages", 0, { items: [1] }), row("pages/00000/poll/00000/ask", 0), mark("pages/00000/poll/~over", 0, 0)];
  const failures = [{ node: "pages/00000/poll", retryIn: null }];
  expect((await shown({ status: "running", rows, failures, forgiven: { "pages/00000/poll": 1 } })).slice(0, 3)).toEqual([
    "pages running",
    "  00000 done",
    "    poll done",
  ]);
});

test("passes are numbered; a pause before the next is what the run waits for, and the last one ends them", async () => {
  const rows = [row("poll/00000/ask", 0), row("poll/~again", 0, { from: -50, to: 40, output: { until: "later" } })].map((one) =>
    one.node === "poll/~again" ? { ...one, node: "poll/00000/~again" } : one,
  );
  const run = await get(await storeRun(database.query, { status: "waiting", rows, runIn: 40 }));
  expect(lines(run.steps)).toEqual(["poll waiting", "  00000 waiting", "    ask done"]);
  expect(run.waiting).toEqual({ for: "sleep", until: expect.any(String), reason: '"poll/00000" sleeps before its next pass' });
  expect(
    await shown({ status: "running", rows: [row("poll/00000/ask", 0), mark("poll/00000/~again", 0), mark("poll/~over", 0, 0)] }),
  ).toEqual(["poll done", "  00000 done", "    ask done"]);
});

test("memos of a script stand below it by name, also those that look like items, and its own row ends it", async () => {
  const rows = [row("crawl/page/00700", 0), row("crawl/page/00123", 0), row("crawl/start", 0)];
  expect(await shown({ status: "running", rows })).toEqual([
    "crawl running",
    "  page done",
    "    00700 done",
    "    00123 done",
    "  start done",
  ]);
  const run = await get(await storeRun(database.query, { status: "running", rows: [...rows, row("crawl", 0)] }));
  expect(run.steps[0]).toMatchObject({ status: "done", output: "of crawl" });
});

test("the output of a run is the row that it has for it, or that of its last node", async () => {
  const rows = [row("first", 0), row("both/a/x", 1)];
  expect((await get(await storeRun(database.query, { status: "done", rows }))).output).toBe("of first");
  expect((await get(await storeRun(database.query, { status: "done", rows: [...rows, mark("~output", 2, { a: 1 })] }))).output).toEqual({
    a: 1,
  });
  expect(
    (await get(await storeRun(database.query, { status: "done", rows: [...rows, row("last", 2), mark("last/~when", 2, true)] }))).output,
  ).toBe("of last");
});

test("a run that waits for several things says all of them, the next first", async () => {
  const rows = [row("both/a/nap", 0, { to: 300, output: { until: "later" } }), row("both/b/x", 0)];
  const failures = [
    { node: "both/b/y", retryIn: 30 },
    { node: "both/c/z", retryIn: 90 },
  ];
  const { waiting, steps } = await get(await storeRun(database.query, { status: "waiting", rows, failures, runIn: 30 }));
  expect(waiting).toEqual({
    for: "retry",
    until: expect.any(String),
    reason: 'attempt 1 of "both/b/y" failed',
    others: [
      { for: "retry", until: expect.any(String), reason: 'attempt 1 of "both/c/z" failed' },
      { for: "sleep", until: expect.any(String), reason: '"both/a/nap" sleeps' },
    ],
  });
  expect(lines(steps)[0]).toBe("both waiting");
});

/** A map of so many items, of which so many are done, and each tenth of these waits instead. */
function largeMap(items: number, begun: number, under = "pages"): StoredRun {
  const numbers = Array.from({ length: begun }, (_, n) => n);
  return {
    status: "running",
    rows: [
      mark(under, 0, { items: Array.from({ length: items }, () => "x") }),
      ...numbers.filter((n) => n % 10 !== 0).map((n) => row(`${under}/${nth(n)}/get`, 0)),
    ],
    failures: numbers.filter((n) => n % 10 === 0).map((n) => ({ node: `${under}/${nth(n)}/get`, retryIn: 500 })),
  };
}

test("of 10,000 items the first 100 are shown, and the others counted by status, with a link that lists them", async () => {
  const id = await storeRun(database.query, largeMap(10_000, 1_000));
  const [pages] = (await get(id)).steps;
  expect(pages!.children).toHaveLength(100);
  expect(pages!.children!.at(-1)).toMatchObject({ path: "pages/00099", status: "done" });
  expect(pages!.more).toEqual({
    counts: { done: 810, waiting: 90, pending: 9_000 },
    link: `/runs/${id}/steps?under=pages&cursor=00099`,
  });
  const { body } = await list(id, pages!.more!.link.split("?")[1]!);
  expect(body).toMatchObject({ cursor: "00119", more: true });
  expect(lines(body.steps).slice(0, 4)).toEqual(["00100 waiting", "  get waiting", "00101 done", "  get done"]);
});

test("items are listed by status, page by page, to the last", async () => {
  const id = await storeRun(database.query, largeMap(250, 230));
  const found: string[] = [];
  let cursor: string | null = "";
  for (let pages = 0; cursor !== null; pages++) {
    expect(pages).toBeLessThan(10);
    const { status, body }: { status: number; body: Page } = await list(
      id,
      `under=pages&status=waiting&limit=7${cursor && `&cursor=${cursor}`}`,
    );
    expect([status, body.more]).toEqual([200, body.cursor !== null]);
    found.push(...body.steps.map(({ name }) => name));
    cursor = body.cursor;
  }
  expect(found).toEqual(Array.from({ length: 23 }, (_, n) => nth(n * 10)));
  const { body } = await list(id, "under=pages&status=pending&limit=100");
  expect(body.steps.map(({ name, attempts }) => [name, attempts])).toEqual(Array.from({ length: 20 }, (_, n) => [nth(230 + n), []]));
});

test("a map in an item of a map is listed and counted by itself", async () => {
  const inner = largeMap(150, 150, "pages/00170/links");
  const outer = largeMap(200, 170);
  const id = await storeRun(database.query, {
    status: "running",
    rows: [...outer.rows!, ...inner.rows!],
    failures: [...outer.failures!, ...inner.failures!],
  });
  const [pages] = (await get(id)).steps;
  expect(pages!.more!.counts).toEqual({ done: 63, waiting: 8, pending: 29 });
  const { body } = await list(id, "under=pages&cursor=00169&limit=1");
  expect(body.steps[0]).toMatchObject({ path: "pages/00170", status: "waiting" });
  const [links] = body.steps[0]!.children!;
  expect(links!.children).toHaveLength(100);
  expect(links!.more).toEqual({
    counts: { done: 45, waiting: 5 },
    link: `/runs/${id}/steps?${new URLSearchParams({ under: "pages/00170/links", cursor: "00099" })}`,
  });
});

test("memos beyond 100 are counted too", async () => {
  const rows = Array.from({ length: 130 }, (_, n) => row(`crawl/page/p${1_000 + n}`, 0));
  const id = await storeRun(database.query, { status: "running", rows: rows.map((one) => ({ ...one, from: -50 })) });
  const [page] = (await get(id)).steps[0]!.children!;
  expect(page!.children!.map(({ name }) => name)).toEqual(rows.slice(0, 100).map(({ node }) => node.split("/")[2]));
  expect(page!.more!.counts).toEqual({ done: 30 });
});

const failing = ["get", "put", "both/a/x", "both/b/y", "links/00001/x", "kid"] as const;
/** Anything that may be stored of the nodes of an item. */
const item = fc.record({
  rows: fc.subarray(["get", "put", "both/a/x", "route", "links/00000/x", "kid/~child/00000", "kid"]),
  failures: fc.uniqueArray(fc.record({ at: fc.constantFrom(...failing), retryIn: fc.constantFrom(null, 30, -30) }), {
    selector: ({ at }) => at,
    maxLength: 2,
  }),
  sleeps: fc.boolean(),
});

test("the status of an item is the same where it is told by its rows, and where the database counts", async () => {
  const statuses = ["running", "waiting", "ready", "done", "failed", "cancelled"] as const;
  const run = fc.record({
    status: fc.constantFrom(...statuses),
    items: fc.array(item, { minLength: 1, maxLength: 5 }),
    forgives: fc.boolean(),
  });
  await fc.assert(
    fc.asyncProperty(run, async ({ status, items, forgives }) => {
      const forgiven = { "pages/00000/get": 1, "pages/00000/kid": 1 };
      const rows: StoredRow[] = [mark("pages", 0, { items: items.map(() => 1).concat(1) })];
      const failures: StoredFailure[] = [];
      for (const [n, one] of items.entries()) {
        const at = (node: string) => `pages/${nth(n)}/${node}`;
        for (const node of one.rows) rows.push(/route|~/.test(node) ? mark(at(node), 0, { case: "a" }) : row(at(node), 0));
        for (const { at: node, retryIn } of one.failures) failures.push({ node: at(node), retryIn });
        if (one.sleeps) rows.push(row(at("nap"), 0, { from: -20, to: 60 }));
      }
      const stored = { status, rows: withAttempts(rows, failures), failures, ...(forgives && { forgiven }) };
      const id = await storeRun(database.query, stored);
      const told = (await get(id)).steps[0]!.children!;
      const { body } = await list(id, "under=pages&limit=100");
      expect(lines(told)).toEqual(lines(body.steps));
    }),
    { numRuns: 60 },
  );
});

/** A row is of the attempt after the last failure at its path. */
function withAttempts(rows: readonly StoredRow[], failures: readonly StoredFailure[]): StoredRow[] {
  return rows.map((one) => (one.attempt !== 0 && failures.some(({ node }) => node === one.node) ? { ...one, attempt: 2 } : one));
}
