import { caught, type Mutant } from "./mutant.ts";

const advance = "db/advance.test.ts";
const moves = "db/moves.test.ts";

/** Rounds: what they store, what they tell, and who may send them. */
export const rounds: readonly Mutant[] = [
  {
    name: "A repeated round is refused as an older one",
    file: "sql/functions/advance.sql",
    find: "or held.round > advance.round",
    replace: "or held.round >= advance.round",
    ...caught(advance, "gives it again, with the runs it claimed, and writes nothing more"),
  },
  {
    name: "A copy of the last round but one is applied",
    file: "sql/functions/advance.sql",
    find: "or held.round > advance.round",
    replace: "or held.round > advance.round + 1",
    ...caught(advance, "a late copy of an older round is BT001 and writes nothing"),
  },
  {
    name: "A repeated round tells no outputs and failures",
    file: "sql/functions/repeat_round.sql",
    find: "claimed_now.slots, claimed_now.ids,",
    replace: "claimed_now.slots, null,",
    ...caught("db/repeats.test.ts", "a repeated round tells the outputs and failures of the runs that it claimed"),
  },
  {
    name: "A repeated round tells the runs of an earlier one",
    file: "sql/functions/repeat_round.sql",
    find: "held.fresh_round = held.round",
    replace: "held.fresh_round <= held.round",
    ...caught(advance, "a round that claimed nothing repeats no runs of an earlier one"),
  },
  {
    name: "A repeated round tells of no stopped runs",
    file: "sql/functions/repeat_round.sql",
    find: "coalesce(held.told -> 'stopped', '[]')",
    replace: "'[]'::jsonb",
    ...caught(moves, "stopped runs are told again when the round is sent again"),
  },
  {
    name: "A repeated round with statements is applied again",
    file: "sql/functions/repeat_round.sql",
    find: "if strictly then",
    replace: "if strictly and held.told is not null then",
    ...caught("db/strict.test.ts", "a repeated round is BT002 and its statements do nothing"),
  },
  {
    name: "A round does not extend its lease",
    file: "sql/functions/advance.sql",
    find: "expires_at = moment + least((request ->> 'ttl_ms')::integer, 3600000) * interval '1 millisecond'\n    where",
    replace: "expires_at = l.expires_at\n    where",
    ...caught(advance, "a heartbeat is a round with nothing in it: it keeps the lease"),
  },
  {
    name: "A round that claims does not remember for whom",
    file: "sql/functions/refill_lease.sql",
    find: "fresh_round = held.round,",
    replace: "fresh_round = l.fresh_round,",
    ...caught(advance, "gives it again, with the runs it claimed, and writes nothing more"),
  },
  {
    name: "A refill gives a place away that is taken",
    file: "sql/functions/find_free_slots.sql",
    find: "where get_bit(gone, p) = 1 limit",
    replace: "limit",
    ...caught(moves, "runs that come into a lease take the free places first, and nobody changes place"),
  },
  {
    name: "Outputs of runs that are no members are stored",
    file: "sql/functions/append_checkpoints.sql",
    find: "where baton.has_member(held, s.place::integer, s.run::uuid) and",
    replace: "where",
    ...caught(advance, "a token writes to the members of its own lease only"),
  },
  {
    name: "A run that left its lease is a member still",
    file: "sql/functions/has_member.sql",
    find: "then get_bit(held.gone, slot) = 0",
    replace: "then true",
    ...caught(advance, "runs that have left the lease are no members"),
  },
  {
    name: "A run that is done stays in its lease",
    file: "sql/functions/advance.sql",
    find: "baton.mark_gone(held, done ||",
    replace: "baton.mark_gone(held, '{}'::integer[] ||",
    ...caught(moves, "one round moves many runs in all ways"),
  },
  {
    name: "A run that ends in this round is stopped by it too",
    file: "sql/functions/stop_members.sql",
    find: " and (nth - 1)::integer <> all (ended)",
    replace: "",
    harmless:
      "the request for its stop is forgotten with its end, just before; of one that comes in between the poller hears, which has no more to do for that run, and its ending stays",
  },
  {
    name: "A run whose output was refused is not given back",
    file: "sql/functions/advance.sql",
    find: "if cardinality(lost) > 0 then\n    perform",
    replace: "if cardinality(lost) > 1 then\n    perform",
    ...caught("db/duplicates.test.ts", "its run is reported and goes back to ready, its neighbours are stored"),
  },
  {
    name: "A strict round with one output that is there already is applied",
    file: "sql/functions/advance.sql",
    find: "if strictly and cardinality(lost) > 0",
    replace: "if strictly and cardinality(lost) > 1",
    ...caught("db/strict.test.ts", "an output that is there already is BT003 and the statements do nothing"),
  },
  {
    name: "A sleep that begins again says a later time",
    file: "sql/functions/append_sleeps.sql",
    find: "on conflict do nothing",
    replace: "on conflict (run_id, node) do update set output = excluded.output",
    ...caught("db/duplicates.test.ts", "a sleep that has begun before keeps what it said"),
  },
  {
    name: "A run that waits for a retry is due at once",
    file: "sql/functions/park_members.sql",
    find: "perform baton.put_back(ids, times, sizes => sizes, queues => queues, home => held.queue);",
    replace: "perform baton.put_back(ids, array_fill(moment, array[coalesce(cardinality(ids), 0)]));",
    ...caught(moves, "one round moves many runs in all ways"),
  },
  {
    name: "A run that is put back has not begun",
    file: "sql/functions/put_back.sql",
    find: "least(c.bytes, 2000000000) end), true",
    replace: "least(c.bytes, 2000000000) end), false",
    ...caught(moves, "what comes out of ready into a lease brings its outputs and its failures by node"),
  },
  {
    name: "A run that is put back weighs its input alone",
    file: "sql/functions/put_back.sql",
    find: "else least(c.bytes, 2000000000) end",
    replace: "else 0 end",
    ...caught(moves, "a run that is put back weighs its input and its outputs"),
  },
  {
    name: "An output was finished when its round came",
    file: "sql/functions/append_checkpoints.sql",
    find: "moment - s.age_ms::integer * interval '1 millisecond', s.output",
    replace: "moment, s.output",
    ...caught(advance, "a round stores each output once, with the attempt and its times"),
  },
];
