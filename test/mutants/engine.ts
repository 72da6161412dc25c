import { caught, type Mutant } from "./mutant.ts";

const rounds = "journeys/rounds.test.ts";
const settle = "functions/settle.test.ts";
const heartbeats = "journeys/heartbeats.test.ts";
const once = "each number of a round is used for one content, also after a refusal";

/** What a poller does. */
export const engine: readonly Mutant[] = [
  {
    name: "An unknown outcome followed by deadlocks counts as a no",
    file: "shared/domain/verdict.ts",
    find: " && tally.unknown === 0 ?",
    replace: " ?",
    ...caught(settle, "deadlocks after an unknown outcome are no refusal"),
  },
  {
    name: "A deadlock more than its bound is tried again",
    file: "shared/domain/verdict.ts",
    find: "tally.busy >= busyTries",
    replace: "tally.busy > busyTries",
    ...caught(settle, "five deadlocks in a row are a refusal, four are not"),
  },
  {
    name: "The number of a refused round is used again",
    file: "shared/engine/poll/commit-round.ts",
    find: "  if (!isAboutData(settled.refused)",
    replace: "  lease.rounds.applyClaim({ round: round - 1, runs: [] } as never, 0);\n  if (!isAboutData(settled.refused)",
    ...caught(rounds, once),
  },
  {
    name: "The number of a refused round with statements is used again",
    file: "shared/engine/poll/commit-statements.ts",
    find: "else return settled.refused;",
    replace: "else return (lease.rounds.applyClaim({ round: round - 1, runs: [] } as never, 0), settled.refused);",
    ...caught(rounds, once),
  },
  {
    name: "sql nodes are sent in the order in which they finished",
    file: "shared/engine/poll/commit-statements.ts",
    find: "[...entries].sort((a, b) => (a.member.run.id < b.member.run.id ? -1 : 1))",
    replace: "[...entries]",
    ...caught(rounds, "sql nodes are sent in the order of their run ids, whatever the order in which they finished"),
  },
  {
    name: "An output that is stored already counts as a failed attempt",
    file: "shared/engine/poll/commit-round.ts",
    find: "settled.refused.sqlstate === UNIQUE && !extras.checked",
    replace: "settled.refused.sqlstate === UNIQUE && extras.checked",
    ...caught("journeys/stored-before.test.ts", "an output that is stored already counts as no failed attempt"),
  },
  {
    name: "An output of a sql node that is stored already counts as a failed attempt",
    file: "shared/engine/poll/commit-statements.ts",
    find: 'isOfTheDatabase && refused.sqlstate === "BT003"',
    replace: 'isOfTheDatabase && refused.sqlstate === "BT013"',
    ...caught("journeys/stored-before.test.ts", "an output of a sql node that is stored already counts as no failed attempt"),
  },
  {
    name: "A round with statements that was applied before counts as refused",
    file: "shared/engine/poll/settle-statements.ts",
    find: 'sqlstate === "BT002"',
    replace: 'sqlstate === "BT012"',
    ...caught("journeys/statements-probed.test.ts", "a probe that comes twice is not taken for the statements"),
  },
  {
    name: "A run whose statements have lost their answer goes on without it",
    file: "shared/engine/poll/commit-statements.ts",
    find: "giveBackAll(lease, nodes);",
    replace: "applyRound(lease, nodes, { round, runs: [], stopped: [], lost: [] });",
    ...caught("journeys/statements-probed.test.ts", "a run sees when its sleep ends as it is stored"),
  },
  {
    name: "What came back of a run that is being given back is stored beside",
    file: "shared/engine/poll/results.ts",
    find: "leaving.has(member)",
    replace: "false",
    ...caught("journeys/statements-probed.test.ts", "what comes back of a run that is being given back does not end it beside"),
  },
  {
    name: "What the lost answer of statements said of others is not asked for",
    file: "shared/engine/poll/commit-statements.ts",
    find: "settled.probed !== undefined) applyRound(lease, [], settled.probed);",
    replace: "settled.probed !== undefined) void applyRound;",
    ...caught(
      "journeys/statements-probed.test.ts",
      "a run that was cancelled is told of it, though the answer that says so is lost with a neighbour's statements",
    ),
  },
  {
    name: "A closed lease has no heartbeat",
    file: "shared/engine/poll/work-lease.ts",
    find: "if (finished.length > 0 || lease.times.heartbeatIsDue",
    replace: "if (finished.length > 0 || (!lease.closed && lease.times.heartbeatIsDue)",
    ...caught(heartbeats, "a lease that claims no more beats on, for as long as its handlers run"),
  },
  {
    name: "A heartbeat goes out at half of the lease",
    file: "shared/engine/poll/lease-times.ts",
    find: "settings.ttlMs / 3",
    replace: "settings.ttlMs / 2",
    ...caught(heartbeats, "a lease that claims no more beats on, for as long as its handlers run"),
  },
  {
    name: "A lease is taken to run from when its answer came",
    file: "shared/engine/poll/lease-times.ts",
    find: "this.#heardAt = this.#sentAt;",
    replace: "this.#heardAt = this.#now;",
    ...caught(heartbeats, "an answer that was lost does not put the heartbeat off"),
  },
  {
    name: "What a stopped run's handler returns is sent",
    file: "shared/engine/poll/apply-round.ts",
    find: "lease.revoke(member, new RunCancelledError(id))",
    replace: "member.abort(new RunCancelledError(id))",
    ...caught(rounds, "what the handler of a stopped run returns is not sent"),
  },
  {
    name: "What a stopped run's handler has returned already is sent",
    file: "shared/engine/poll/results.ts",
    find: "if (member.gone || leaving.has(member) || !member.hasPlain)",
    replace: "if (leaving.has(member) || !member.hasPlain)",
    ...caught(rounds, "what the handler of a stopped run returned while its round was on its way is not sent"),
  },
  {
    name: "A lease with an unknown round is released",
    file: "shared/engine/poll/work-lease.ts",
    find: "if (!(thrown instanceof UnsettledError)) await release",
    replace: "if (thrown !== undefined) await release",
    ...caught(rounds, "a lease whose last round has an unknown outcome is not released"),
  },
  {
    name: "A retry in place does not wait",
    file: "shared/engine/poll/lease.ts",
    find: "clock - timers.now()",
    replace: "0",
    ...caught(rounds, "a retry in place waits as long as its policy says"),
  },
  {
    name: "A poller of suspects does not say that they begin",
    file: "shared/engine/poll/poll-queue.ts",
    find: "  await commitRound(lease, []);\n",
    replace: "",
    ...caught(rounds, "a poller says that suspects begin before it starts them"),
  },
  {
    name: "A round waits for no others",
    file: "shared/engine/poll/work-lease.ts",
    find: "lease.running / 8",
    replace: "lease.running / 80",
    ...caught("journeys/leases.test.ts", "while many handlers are out, results wait for an eighth of them"),
  },
  {
    name: "A full claim is taken for all there was",
    file: "shared/engine/poll/lease-rounds.ts",
    find: "answer.runs.length >= asked",
    replace: "answer.runs.length > asked",
    harmless: "the answer also says that more is due now, in due_in_ms, which tells the same",
  },
  {
    name: "A step starts in the reserve of its invocation",
    file: "shared/engine/poll/start-members.ts",
    find: "timeoutMs + poller.settings.reserveMs",
    replace: "timeoutMs",
    ...caught("journeys/poller.test.ts", "a step starts only when its own timeout and the reserve fit into the time left"),
  },
];
