import { expect, test } from "vitest";
import type { ClaimedRun, ManifestEntry } from "../../shared/domain/protocol.ts";
import { createTestDatabase } from "../support/database.ts";
import { block, checkAfterEach, engineOf, leaseOf, member } from "../support/engine-calls.ts";

const database = await createTestDatabase();
const engine = engineOf(database);
checkAfterEach(database);

const RUNS = 200;
/** With a letter of this size for each run, an answer of all would be 12 MB; Neon sends 10. */
const LETTER = 60_000;
const ROOM = 4 * 1024 * 1024;
const manifest: ManifestEntry[] = [{ name: "fulfil-order", version: 1, shape: "new", waits: true }];
const named = (run: ClaimedRun) => ({ ...member(run), names: ["paid"] });
const waits = (runs: readonly ClaimedRun[], delayMs: number) => runs.map((run) => ({ ...named(run), delay_ms: delayMs, bytes: 20 }));

/** A letter to each of these, as many senders would have sent it. */
async function sendToAll(): Promise<void> {
  const body = `to_jsonb(repeat('x', ${LETTER}))`;
  await database.query(`insert into baton.message (run_id, name, body, at) select id, 'paid', ${body}, baton.now() from baton.run`);
}

const lettersOf = (mail: readonly (ClaimedRun["mail"] | undefined)[]) => mail.flatMap((each) => each?.letters ?? []);

/** Claims until nothing is due; how many letters each claim brought. */
async function claimAll(suspects: boolean): Promise<number[]> {
  const brought: number[] = [];
  for (;;) {
    const { token, runs } = await engine.claim({ manifest, max: 500, max_bytes: ROOM, ...(suspects && { suspects }) });
    if (runs.length === 0) return brought;
    const letters = lettersOf(runs.map(({ mail }) => mail));
    expect(letters).toHaveLength(runs.length);
    brought.push(letters.length);
    await engine.advance(token, 1, { done: runs.map(member) });
  }
}

const FIT = Math.floor(ROOM / LETTER);

for (const [what, suspects] of [
  ["runs that were woken", false],
  ["suspects", true],
] as const) {
  test(`a claim of ${what} counts the letters that it brings, and leaves the other runs to later ones`, async () => {
    const { token, runs } = await leaseOf(engine, RUNS, { max: 500 });
    await engine.advance(token, 1, { waits: waits(runs, 0) });
    await sendToAll();
    if (suspects) {
      await engine.claim({ manifest: [], max: 500 });
      await database.advance("31 seconds");
      await engine.tick();
    }
    const brought = await claimAll(suspects);
    expect(Math.max(...brought)).toBeLessThanOrEqual(FIT);
    expect(brought.reduce((sum, n) => sum + n, 0)).toBe(RUNS);
  });
}

test("a claim of what was blocked counts the letters that it brings", async () => {
  const { token, runs } = await leaseOf(engine, RUNS, { max: 500 });
  await engine.advance(token, 1, { waits: waits(runs, 0) });
  await sendToAll();
  const again = await engine.claim({ max: 500 });
  await engine.advance(again.token, 1, { blocked: again.runs.map((run) => block(run, { shape: "old" })) });
  const brought = await claimAll(false);
  expect(Math.max(...brought)).toBeLessThanOrEqual(FIT);
  expect(brought.reduce((sum, n) => sum + n, 0)).toBe(RUNS);
});

test("a round that refills its lease counts the letters that the claim brings", async () => {
  const other = await leaseOf(engine, 1);
  const { token, runs } = await leaseOf(engine, RUNS, { max: 500 });
  await engine.advance(token, 1, { waits: waits(runs, 0) });
  await sendToAll();
  const answer = await engine.advance(other.token, 1, {
    done: other.runs.map(member),
    claim: { max: 500, max_bytes: ROOM, low: {}, manifest },
  });
  expect(answer.runs.length).toBeGreaterThan(0);
  expect(answer.runs.length).toBeLessThanOrEqual(FIT);
});

test("a round brings of the letters that its runs ask for what an answer takes, and those that are not told ask again", async () => {
  const { token, runs } = await leaseOf(engine, RUNS, { max: 500 });
  await sendToAll();
  let asking = [...runs];
  for (let round = 1; asking.length > 0; round++) {
    const { mail } = await engine.advance(token, round, { asks: asking.map(named) });
    const told = asking.filter(({ id }) => mail![id]!.letters.length > 0);
    expect(told.length).toBeGreaterThan(0);
    expect(told.length).toBeLessThanOrEqual(FIT + 1);
    // Of whom nothing is told, nothing is known either.
    for (const { id } of asking) expect(mail![id]!.names).toEqual(mail![id]!.letters.length > 0 ? ["paid"] : []);
    asking = asking.filter((run) => !told.includes(run));
  }
});
