import { expect, test } from "vitest";
import * as z from "zod";
import { defineWorkflow } from "../../shared/domain/workflow.ts";
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
const plain = defineWorkflow({ name: "plain", version: 1, input: anything })
  .child("payment", pay, () => ({}))
  .step("ship", () => 2);
/** Beside its child it waits for a signal, which may keep its place locked. */
const waits = defineWorkflow({ name: "waits", version: 1, input: anything }).all("both", {
  payment: (chain) => chain.child("payment", pay, () => ({})),
  word: (chain) => chain.waitFor("word", { output: z.int(), timeout: "1 hour", onTimeout: "continue" }),
});
const workflows = [plain, waits, pay];
const manifest = [
  { name: "plain", version: 1, shape: "x", family: true as const },
  { name: "waits", version: 1, shape: "x", family: true as const, waits: true as const },
];
const forms = { plain: "payment", waits: "both/payment/payment" };
type Form = keyof typeof forms;

/** A parent and its child, each in a lease of its own or out of it, by token. */
interface Family {
  readonly form: Form;
  readonly parent: { readonly id: string; readonly place: number };
  readonly child: { readonly id: string; readonly place: number };
  readonly parentToken: string;
  readonly childToken: string;
  /** The next of the parent's lease. */
  readonly round: number;
}

const advance = (token: string, round: number, facts: Partial<AdvanceRequest>): Call => ({
  role: "poller",
  text: "baton.advance($1, $2, $3)",
  values: [token, round, advanceRequest(facts)],
});
const operate = (name: string, id: string): Call => ({ role: "operator", text: `baton.${name}($1)`, values: [id] });

const parkOf = ({ form, parent }: Family): Partial<AdvanceRequest> => {
  const family = [{ ...member(parent), awaits: [forms[form]] }];
  if (form === "plain") return { family, parks: [{ ...member(parent), delay_ms: null, bytes: 2 }] };
  return { family, waits: [{ ...member(parent), delay_ms: 3_600_000, bytes: 2, names: ["word"] }] };
};
const charged = (of: Family["child"]) => [step(of, { node: "charge", output: 1 })];
const broken = (of: Family["child"]) => [failure(of, { node: "charge", delay_ms: null })];

async function claimOne(id: string, suspects = false): Promise<Held & { readonly run: Family["child"] }> {
  const held = await engine.claim({ manifest, suspects });
  return { ...held, run: held.runs.find((run) => run.id === id)! };
}

/** The parent stays in its lease, and its child is in another. */
async function bothLeased(form: Form): Promise<Family> {
  const { id } = (await engine.enqueue([newRun({ workflow: form, input: {} })])).runs[0]!;
  const { token, run: parent } = await claimOne(id);
  const child = newRun().id;
  const path = forms[form];
  await engine.advance(token, 1, {
    steps: [step(parent, { node: `${path}/~child/00000`, attempt: 0, output: { run: child } })],
    ...(form === "waits" && {
      timers: [{ ...member(parent), node: "both/word/word/~until/00000", position: 0, attempt: 0, delay_ms: 3_600_000 }],
    }),
    children: [{ ...member(parent), node: path, id: child, workflow: "pay", version: 1, input: {} }],
    family: [{ ...member(parent), awaits: [path] }],
  });
  const { token: childToken, run } = await claimOne(child);
  return { form, parent, child: run, parentToken: token, childToken, round: 2 };
}

/** The parent waits for it. */
async function parked(form: Form): Promise<Family> {
  const family = await bothLeased(form);
  await engine.advance(family.parentToken, 2, parkOf(family));
  return family;
}

/** The child failed, and its parent with it. */
async function bothFailed(form: Form): Promise<Family> {
  const family = await bothLeased(form);
  const { parent, child } = family;
  await engine.advance(family.childToken, 1, { failures: broken(child), failed: [{ ...member(child), error }] });
  await engine.advance(family.parentToken, 2, {
    failures: [failure(parent, { node: forms[form], delay_ms: null })],
    failed: [{ ...member(parent), error }],
  });
  return family;
}

/** The parent was cancelled while its child is in a lease. */
async function stopping(form: Form): Promise<Family> {
  const family = await parked(form);
  await engine.cancel(family.parent.id);
  return family;
}

/** The parent was redriven, is in a lease again, and is to let its child go on. */
async function redriven(form: Form): Promise<Family> {
  const family = await bothFailed(form);
  await engine.redrive(family.parent.id);
  const { token, run } = await claimOne(family.parent.id);
  return { ...family, parentToken: token, parent: run, round: 1 };
}

type Calls = Readonly<Record<string, (family: Family) => Call>>;

const ofChild: Calls = {
  "the child ends": ({ childToken, child }) => advance(childToken, 1, { steps: charged(child), done: [member(child)] }),
  "the child fails": ({ childToken, child }) => advance(childToken, 1, { failures: broken(child), failed: [{ ...member(child), error }] }),
  "the child's lease has a round": ({ childToken }) => advance(childToken, 1, {}),
  "the child is cancelled": ({ child }) => operate("cancel", child.id),
};
const ofBoth: Calls = {
  "the parent is cancelled": ({ parent }) => operate("cancel", parent.id),
  "a tick": () => ({ role: "poller", text: "baton.tick()", values: [] }),
  "a claim": () => ({ role: "poller", text: "baton.claim($1, $2)", values: [newRun().id, JSON.stringify(claimRequest({ manifest }))] }),
  "a signal to the parent": ({ parent }) => ({
    role: "signaller",
    text: "baton.signal($1)",
    values: [JSON.stringify({ run: parent.id, name: "word", body: 5 })],
  }),
};
const park: Calls = { "the parent parks": (family) => advance(family.parentToken, family.round, parkOf(family)) };
const operators: Calls = {
  "the parent is redriven": ({ parent }) => operate("redrive", parent.id),
  "the child is redriven": ({ child }) => operate("redrive", child.id),
  "the child is deleted": ({ child }) => operate("delete_run", child.id),
};
const goOn: Calls = {
  "the parent lets the child go on": (family) => {
    const { parentToken, parent, child, form, round } = family;
    const park = parkOf(family);
    return advance(parentToken, round, {
      ...park,
      steps: [step(parent, { node: `${forms[form]}/~child/00001`, attempt: 0, output: { run: child.id } })],
      family: [{ ...member(parent), awaits: [forms[form]], redriven: [{ node: forms[form], child: child.id }] }],
    });
  },
};

const situations: readonly [string, (form: Form) => Promise<Family>, Calls][] = [
  ["a parent in a lease and its child in another", bothLeased, { ...ofChild, ...park, ...ofBoth }],
  ["a parent that waits", parked, { ...ofChild, ...ofBoth }],
  ["a family that has failed", bothFailed, { ...operators, ...ofBoth }],
  ["a child that is to be stopped", stopping, { ...ofChild, ...ofBoth }],
  [
    "a parent that was redriven",
    redriven,
    {
      ...goOn,
      "the child is redriven": operators["the child is redriven"]!,
      "the child is deleted": operators["the child is deleted"]!,
      ...ofBoth,
    },
  ],
];

/** Pollers work until nothing is due, leases of before run out, and ticks do the rest. */
async function settle(): Promise<void> {
  for (let times = 0; times < 2; times++) {
    await database.advance("40 seconds");
    await engine.tick();
    await poll(database.database, workflows);
    await poll(database.database, workflows);
  }
  await database.advance("61 minutes");
  await poll(database.database, workflows);
  await poll(database.database, workflows);
}

async function check(
  form: Form,
  prepare: (form: Form) => Promise<Family>,
  calls: Calls,
  names: [string, string],
  end: "commit" | "rollback",
) {
  const family = await prepare(form);
  const { second } = await interleave(database, calls[names[0]]!(family), calls[names[1]]!(family), end);
  // A lease that is gone is no fault; a deadlock would be.
  expect([undefined, "BT001"]).toContain(second.sqlstate);
  await database.assertInvariants();
  await settle();
  const open = "select r.workflow, e.status from baton.run r left join baton.ending e on e.run_id = r.id where e.run_id is null";
  expect(await database.query(open)).toEqual([]);
}

const { random, seed } = seededRandom();
const meetings = drawMeetings(situations, random);

test.each(meetings)(
  `$situation: $first, $end, beside $second: nobody waits for ever, and all of them end (BATON_SEED=${seed})`,
  ({ prepare, calls, first, second, end }) => {
    const form = (first + second + end).length % 2 === 0 || /signal/.test(first + second) ? "waits" : "plain";
    return check(form, prepare, calls, [first, second], end);
  },
);
