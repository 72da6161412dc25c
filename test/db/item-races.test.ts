import { expect, test } from "vitest";
import * as z from "zod";
import { defineWorkflow } from "../../shared/domain/workflow.ts";
import type { Json } from "../../shared/domain/json.ts";
import type { AdvanceRequest } from "../../shared/domain/protocol.ts";
import { createTestDatabase } from "../support/database.ts";
import {
  advanceRequest,
  checkAfterEach,
  claimRequest,
  engineOf,
  error,
  failure,
  member,
  newRun,
  step,
  type Held,
} from "../support/engine-calls.ts";
import { type Call, interleave } from "../support/interleaving.ts";
import { drawMeetings } from "../support/meetings.ts";
import { poll } from "../support/poller.ts";
import { seededRandom } from "../support/random.ts";

const database = await createTestDatabase();
const engine = engineOf(database);
checkAfterEach(database);

const anything = z.object({});
const pay = defineWorkflow({ name: "pay", version: 1, input: anything }).step("charge", () => 1);
/** Three items, of which two go on at once. */
const list = defineWorkflow({ name: "list", version: 1, input: anything })
  .map("parts", { over: () => [{}, {}, {}], as: "runs", concurrency: 2 }, pay)
  .step("ship", () => 2);
const workflows = [list, pay];
const manifest = [{ name: "list", version: 1, shape: "x", family: true as const }];

interface At {
  readonly id: string;
  readonly place: number;
}

/** A parent and two of its items, each in a lease of its own or out of it; the third waits. */
interface Family {
  readonly parent: At;
  readonly parentToken: string;
  /** The next of the parent's lease. */
  readonly round: number;
  readonly items: readonly [At, At];
  readonly tokens: readonly [string, string];
  readonly third: string;
}

const advance = (token: string, round: number, facts: Partial<AdvanceRequest>): Call => ({
  role: "poller",
  text: "baton.advance($1, $2, $3)",
  values: [token, round, advanceRequest(facts)],
});
const operate = (name: string, id: string): Call => ({ role: "operator", text: `baton.${name}($1)`, values: [id] });
const awaits = (parent: At) => [{ ...member(parent), awaits: ["parts"] }];
const parkOf = (parent: At): Partial<AdvanceRequest> => ({
  family: awaits(parent),
  parks: [{ ...member(parent), delay_ms: null, bytes: 2 }],
});
const mark = (parent: At, node: string, output: Json) => step(parent, { node, attempt: 0, output });
const startOf = (parent: At): Partial<AdvanceRequest> => ({
  steps: [mark(parent, "parts/~start/00000", null)],
  items: [{ ...member(parent), node: "parts", part: 0, workflow: "pay", version: 1, tolerated: 0, most: 2 }],
  family: awaits(parent),
});
const ended = (of: At): Partial<AdvanceRequest> => ({ steps: [step(of, { node: "charge", output: 1 })], done: [member(of)] });
const failed = (of: At): Partial<AdvanceRequest> => ({
  failures: [failure(of, { node: "charge", delay_ms: null })],
  failed: [{ ...member(of), error }],
});

async function claimOne(id: string): Promise<Held & { readonly run: At }> {
  const held = await engine.claim({ manifest, max: 1 });
  expect(held.runs.map((run) => run.id)).toEqual([id]);
  return { ...held, run: held.runs[0]! };
}

/** The list is stored, and nothing of it is started. */
async function planned(): Promise<Family> {
  const { id } = (await engine.enqueue([newRun({ workflow: "list", input: {} })])).runs[0]!;
  const { token, run: parent } = await claimOne(id);
  const rows = [
    mark(parent, "parts/~plan/00000", { from: 0, inputs: [{}, {}, {}] }),
    mark(parent, "parts", { runs: 3, parts: 1, redrives: 0 }),
  ];
  await engine.advance(token, 1, { steps: rows });
  const nobody = { id: newRun().id, place: 0 };
  return { parent, parentToken: token, round: 2, items: [nobody, nobody], tokens: [newRun().id, newRun().id], third: nobody.id };
}

/** The parent stays in its lease, and two items are in others. */
async function allLeased(): Promise<Family> {
  const { parent, parentToken } = await planned();
  await engine.advance(parentToken, 2, startOf(parent));
  const ids = (
    await database.query<{ id: string }>("select run_id as id from baton.child where parent_id = $1 order by item", [parent.id])
  ).map(({ id }) => id);
  const [one, other] = [await claimOne(ids[0]!), await claimOne(ids[1]!)];
  return { parent, parentToken, round: 3, items: [one.run, other.run], tokens: [one.token, other.token], third: ids[2]! };
}

/** The parent waits for them. */
async function parked(): Promise<Family> {
  const family = await allLeased();
  await engine.advance(family.parentToken, 3, parkOf(family.parent));
  return family;
}

/** One item failed, and the parent with it; the other is in a lease and to be stopped. */
async function allFailed(): Promise<Family> {
  const family = await allLeased();
  const { parent, parentToken, items, tokens } = family;
  await engine.advance(tokens[0], 1, failed(items[0]));
  await engine.advance(parentToken, 3, {
    failures: [failure(parent, { node: "parts", delay_ms: null })],
    failed: [{ ...member(parent), error }],
  });
  return family;
}

/** The parent was redriven, is in a lease again, and is to have the failed ones go on. */
async function redriven(): Promise<Family> {
  const family = await allFailed();
  await engine.redrive(family.parent.id);
  const { token, run } = await claimOne(family.parent.id);
  return { ...family, parent: run, parentToken: token, round: 1 };
}

type Calls = Readonly<Record<string, (family: Family) => Call>>;

const ofItems: Calls = {
  "an item ends": ({ tokens, items }) => advance(tokens[0], 1, ended(items[0])),
  "an item fails": ({ tokens, items }) => advance(tokens[0], 1, failed(items[0])),
  "the other item ends": ({ tokens, items }) => advance(tokens[1], 1, ended(items[1])),
  "the item that waits is cancelled": ({ third }) => operate("cancel", third),
};
const ofAll: Calls = {
  "the parent is cancelled": ({ parent }) => operate("cancel", parent.id),
  "a tick": () => ({ role: "poller", text: "baton.tick()", values: [] }),
  "a claim": () => ({ role: "poller", text: "baton.claim($1, $2)", values: [newRun().id, JSON.stringify(claimRequest({ manifest }))] }),
};
const ofRedriven: Calls = {
  "the failed item is redriven": ({ items }) => operate("redrive", items[0].id),
  "the failed item is deleted": ({ items }) => operate("delete_run", items[0].id),
  "the other item's lease has a round": ({ tokens }) => advance(tokens[1], 1, {}),
  "the other item ends": ofItems["the other item ends"]!,
};

const situations: readonly [string, () => Promise<Family>, Calls][] = [
  [
    "a list that is stored",
    planned,
    { ...ofAll, "its items are started": ({ parent, parentToken, round }) => advance(parentToken, round, startOf(parent)) },
  ],
  [
    "a parent in a lease",
    allLeased,
    { ...ofItems, ...ofAll, "the parent parks": ({ parent, parentToken, round }) => advance(parentToken, round, parkOf(parent)) },
  ],
  ["a parent that waits", parked, { ...ofItems, ...ofAll }],
  [
    "a family that has failed",
    allFailed,
    { ...ofRedriven, ...ofAll, "the parent is redriven": ({ parent }) => operate("redrive", parent.id) },
  ],
  [
    "a parent that was redriven",
    redriven,
    {
      ...ofRedriven,
      ...ofAll,
      "the parent has its items go on": ({ parent, parentToken, round }) =>
        advance(parentToken, round, {
          ...parkOf(parent),
          steps: [mark(parent, "parts/~again/00001", null)],
          family: [{ ...member(parent), awaits: ["parts"], repeats: [{ node: "parts", anew: true }] }],
        }),
    },
  ],
];

/** Pollers work until nothing is due, leases of before run out, and ticks do the rest. */
async function settle(): Promise<void> {
  for (let times = 0; times < 3; times++) {
    await database.advance("40 seconds");
    await engine.tick();
    await poll(database.database, workflows);
    await poll(database.database, workflows);
  }
}

async function check(prepare: () => Promise<Family>, calls: Calls, names: readonly [string, string], end: "commit" | "rollback") {
  const family = await prepare();
  const { second } = await interleave(database, calls[names[0]]!(family), calls[names[1]]!(family), end);
  // A lease that is gone is no fault; a deadlock would be.
  expect([undefined, "BT001"]).toContain(second.sqlstate);
  await database.assertInvariants();
  await settle();
  const open = "select r.workflow, e.status from baton.run r left join baton.ending e on e.run_id = r.id where e.run_id is null";
  expect(await database.query(open)).toEqual([]);
  const twice = "select path, item from baton.child group by parent_id, path, item having count(*) > 1";
  expect(await database.query(twice)).toEqual([]);
}

const { random, seed } = seededRandom();
const meetings = drawMeetings(situations, random);

test.each(meetings)(
  `$situation: $first, $end, beside $second: no join is lost, and all of them end (BATON_SEED=${seed})`,
  ({ prepare, calls, first, second, end }) => check(prepare, calls, [first, second], end),
);
