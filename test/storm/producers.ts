import { setTimeout as pause } from "node:timers/promises";
import { v7 } from "uuid";
import { type Database, DatabaseBusyError, DatabaseRefusedError, DatabaseUnknownOutcomeError } from "../../shared/db/database.ts";
import { runRepository } from "../../shared/db/run-repository.ts";
import type { EnqueueRequest } from "../../shared/domain/protocol.ts";
import type { Ledger } from "./ledger.ts";
import { FAMILY, SAGA } from "./families.ts";
import { Input, maxAttempts } from "./workflow.ts";

/** How many runs may be open before producers wait, so that the calm after the storm is short. */
const OPEN_AT_MOST = 500;
/** A request is repeated as long as it may be among the last so many. */
const REMEMBERED = 200;

interface Sent {
  readonly tags: readonly string[];
  readonly request: EnqueueRequest;
  readonly ids: readonly string[];
}

/**
 * Enqueues until the storm is over: each request until it is answered, and many of them again
 * later.
 */
export async function produce(name: string, database: Database, ledger: Ledger, random: () => number, lasts: () => boolean): Promise<void> {
  const queue = runRepository(database);
  const before: Sent[] = [];
  for (let nth = 0; lasts(); nth++) {
    const { tags, request } = draft(`${name}-${nth}`, nth, random);
    tags.forEach((tag) => ledger.sent.add(tag));
    ledger.waiting.push(...request.runs.flatMap(({ input }) => waitingTag(input)));
    const first = request.request === undefined && random() < 0.5 ? { ...request, fresh: true as const } : request;
    const ids = await answered((tried) => queue.enqueue(tried === 0 ? first : request));
    ledger.accept(tags, ids);
    before.push({ tags, request, ids });
    if (before.length > REMEMBERED) before.shift();
    if (random() < 0.4) await repeat(before[Math.floor(random() * before.length)]!);
    await pause(random() * 150);
    while (lasts() && ledger.accepted.size - ledger.ended > OPEN_AT_MOST) await pause(100);
  }

  async function repeat({ tags, request, ids }: Sent): Promise<void> {
    // One with a key is made anew by a caller that remembers nothing but the key: its ids are
    // others.
    const again = request.request === undefined ? request : { ...request, runs: request.runs.map((run) => ({ ...run, id: v7() })) };
    const answer = await answered(() => queue.enqueue(again));
    ledger.counts.repeats++;
    if (answer.join() !== ids.join()) ledger.problem(`${tags.join()} was answered with ${ids.join()}, and then with ${answer.join()}`);
  }
}

/**
 * Sends until there is an answer. Fresh runs that are stored already, by a copy of the same
 * request, are refused, and asked for plainly.
 */
async function answered(send: (tried: number) => Promise<{ runs: readonly { id: string }[] }>): Promise<string[]> {
  for (let tried = 0; ; tried++) {
    try {
      return (await send(tried)).runs.map(({ id }) => id);
    } catch (thrown) {
      const stored = tried === 0 && thrown instanceof DatabaseRefusedError && thrown.sqlstate === "23505";
      if (!stored && !(thrown instanceof DatabaseUnknownOutcomeError || thrown instanceof DatabaseBusyError)) throw thrown;
      await pause(Math.min(50 * 2 ** tried, 1_000));
    }
  }
}

/** What the runs of the second and the third of eight requests are. */
const kinds: readonly (string | undefined)[] = [undefined, FAMILY, SAGA];

function waitingTag(input: unknown): string[] {
  const { tag, waits } = Input.parse(input);
  return waits ? [tag] : [];
}

/**
 * One to four runs; a tenth fails once, some so often that only an operator helps; a quarter waits
 * for others; of an eighth of the requests runs have children, and of an eighth they can be undone,
 * and most of these fail for good; a third of the requests has a key.
 */
function draft(name: string, nth: number, random: () => number): { tags: string[]; request: EnqueueRequest } {
  const tags = Array.from({ length: 1 + Math.floor(random() * 4) }, (_, n) => `${name}-${n}`);
  const workflow = kinds[nth % 8] ?? "storm";
  const runs = tags.map((tag, n) => {
    const fails = random() < 0.1 ? 1 + Math.floor(random() * maxAttempts) : 0;
    const nap = random() < 0.5 ? 50 : Math.floor(random() * 3_000);
    const delay = random() < 0.2 ? { delay_ms: Math.floor(random() * 2_000) } : {};
    const priority = Math.floor(random() * 4);
    const waits = workflow === "storm" && (nth + n) % 4 === 0;
    const input = { tag, fails: workflow !== "storm" && n % 2 === 0 ? maxAttempts : fails, nap, waits };
    return { id: v7(), workflow, version: 1, priority, input, ...delay };
  });
  if (random() < 0.67) return { tags, request: { runs } };
  return { tags, request: { runs, request: { workflow, key: name, hash: "0".repeat(64) } } };
}
