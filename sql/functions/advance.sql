-- One round of a lease: stores what finished since the last, lets runs end, park or block, and
-- claims more.
-- The lock on the lease row is the fence: a reaper needs it too. A round that was applied gives its
-- answer again; an older one, or a lease that is gone, raises BT001. A round number may be skipped,
-- never used for something else.
--
-- request: { ttl_ms, strict?, checked?, claim?: { max, max_bytes, low, manifest } } and whatever
--          there is of
--          as one array for each column: steps { place, run, node, position, attempt, age_ms,
--          took_ms, output },
--            done { place, run }, cancelled { place, run }, failed { place, run, error };
--          as rows: failures [{ place, run, node, attempt, age_ms, took_ms, delay_ms, error }],
--          sleeps [{ place, run, node, position, attempt?, delay_ms, bytes? }],
--            timers [{ place, run, node, position, attempt, delay_ms }],
--            parks [{ place, run, delay_ms, bytes?, queue? }], released [{ place, run }], blocked
--            [{ place, run, workflow, version, shape, reason }], attributes [{ place, run, patch
--            }],
--            waits [{ place, run, delay_ms, bytes, names, keys?, queue? }], consumed [{ place, run,
--            n }],
--            timeouts [{ place, run, names, keys? }], asks [{ place, run, names, keys? }],
--            children [{ place, run, node, id, workflow, version, input, attributes?, delay_ms?,
--            detached? }], items [{ place, run, node, part, workflow, version, tolerated, most? }],
--            family [{ place, run, awaits?, redriven?: [{ node, child }], repeats?: [{ node, anew?
--            }] }].
--          sleeps park their runs, timers do not; bytes: how large a run is. waits park for signals
--          too; consumed: messages that what is stored has taken; timeouts: what is stored of a run
--          rests on no signal of these names having come; asks: what mail there is;
--          children: runs that members start; items: parts of maps whose items they start as runs,
--          from inputs that they have stored; family: of a run with children the paths by which it
--          waits, and the children that go on after its redrive; a park of delay_ms null waits for
--          these alone;
--          queue: where a parked run goes on, where that is not the queue of the lease;
--          keys: [{ name, key }] by which the run waits, which it takes.
--          ttl_ms: an hour at most; age_ms: since it finished; took_ms: how long it ran. strict
--          raises where the answer would be a repeat (BT002) or a loss (BT003). An output that is
--          stored already raises 23505; checked, or strict, it is looked for first, and the run is
--          lost alone.
-- answer:  { now, round, stopped, lost, left_out, low, due_in_ms, poisoned, runs } — stopped:
--          cancelled meanwhile; lost: refused as duplicates; left_out: [{ run, bytes }] of which
--          the attributes would have been more than 2 KiB and stay as they are, or null; late:
--          those of which nothing was stored, since a signal came in time; called_off: members that
--          were cancelled and are to be undone; applied_at: of a repeat, when timers began; mail:
--          of asks; family: how awaited children have ended of members that stay; the rest as for
--          claim, null where nothing was to be refill.
-- grant: baton_poller
create or replace function baton.advance(token uuid, round integer, request jsonb) returns json
language plpgsql volatile security definer set search_path = pg_catalog, baton, pg_temp set timezone = 'UTC' set enable_seqscan = off
as $$
declare
  held baton.lease;
  moment timestamptz;
  strictly boolean := request ? 'strict';
  checked boolean := request ? 'checked' or request ? 'strict';
  lost uuid[];
  done integer[];
  stopped uuid[];
  skipped uuid[];
  left_out jsonb;
  late uuid[];
  late_run_ats timestamptz[];
  mail json;
  family json;
  refill record;
  stops record;
begin
  perform baton.require_read_committed();
  perform baton.commit_durably();
  perform baton.require_id('the token of advance', token);
  if round is null then
    raise exception 'the round of advance has no number' using errcode = 'BT040', hint = 'Number the rounds of a lease from 1. Nothing was stored.';
  end if;
  select * into held from baton.lease l where l.token = advance.token for update;
  if not found or held.round > advance.round then
    raise exception 'lease % does not take round %', token, advance.round
      using errcode = 'BT001', hint = 'It expired or was taken over: forget its runs, others go on with them.';
  elsif held.round = advance.round then
    return baton.repeat_round(held, strictly, request -> 'claim', request -> 'asks', request -> 'family');
  end if;
  if jsonb_typeof(request -> 'steps') = 'array' or jsonb_typeof(request -> 'done') = 'array' or jsonb_typeof(request -> 'failed') = 'array' then
    raise exception 'this round is that of an older poller' using errcode = 'BT030', hint = 'Deploy the pollers that belong to this schema.';
  end if;
  perform baton.check_round(request);
  moment := baton.now();
  -- Read out of line once; else every look at a slot of it reads it again, 8 KB for each step.
  held.run_ids := held.run_ids[:];
  if request ? 'timeouts' then
    select f.ids, f.run_ats into late, late_run_ats from baton.find_late(held, request -> 'timeouts', request -> 'consumed', moment) as f;
    if strictly and cardinality(late) > 0 then
      raise exception 'runs % of lease % have a signal, and their waits do not time out', late, token using errcode = 'BT003';
    end if;
    perform baton.put_back(late, late_run_ats, home => held.queue);
    held.gone := baton.mark_gone(held, '{}', late);
  end if;
  lost := baton.append_checkpoints(held, request -> 'steps', checked, moment);
  if strictly and cardinality(lost) > 0 then
    raise exception 'runs % have that output already, or are no members of lease %', lost, token using errcode = 'BT003';
  end if;
  if cardinality(late) > 0 then
    lost := array(select unnest(lost) except select unnest(late));
  end if;
  perform baton.append_failures(held, request -> 'failures', moment);
  if request ? 'attributes' then
    left_out := baton.patch_members(held, request -> 'attributes', lost);
  end if;
  done := baton.end_members(held, request -> 'done', 'done', lost, checked, moment)
    || baton.end_members(held, request -> 'failed', 'failed', lost, checked, moment);
  if request ? 'cancelled' then
    done := done || baton.end_members(held, request -> 'cancelled', 'cancelled', lost, checked, moment);
  end if;
  stops := baton.stop_members(held, done, moment);
  stopped := stops.stopped;
  skipped := lost || stopped;
  if cardinality(lost) > 0 then
    perform baton.return_members(held,
      array(select unnest((baton.list_members(held.run_ids, held.gone)).ids) intersect select unnest(lost) except select unnest(stopped)),
      moment);
  end if;
  if request ? 'consumed' then
    -- Of the stopped too, whose steps are stored: their parent's redrive may let them go on.
    perform baton.take_messages(held, request -> 'consumed', lost);
  end if;
  -- What is stored says that they were started, or go on: they are stopped with their parent then.
  if request ? 'children' then
    perform baton.spawn_children(held, request -> 'children', lost, moment);
  end if;
  if request ? 'items' then
    perform baton.spawn_items(held, request -> 'items', lost, moment);
  end if;
  if request ? 'family' then
    perform baton.redrive_children(held, request -> 'family', lost, moment);
    perform baton.repeat_items(held, request -> 'family', lost, moment);
  end if;
  if request ? 'timers' then
    perform baton.append_sleeps(held, request -> 'timers', false, skipped, moment);
  end if;
  if request ? 'waits' then
    done := done || baton.park_waiting(held, request -> 'waits', skipped, moment);
  end if;
  held.gone := baton.mark_gone(held, done || baton.append_sleeps(held, request -> 'sleeps', true, skipped, moment)
    || baton.park_members(held, request -> 'parks', false, skipped, moment)
    || baton.park_members(held, request -> 'released', true, skipped, moment)
    || baton.block_members(held, request -> 'blocked', skipped, moment), skipped);
  if cardinality(stops.called_off) > 0 then
    -- Who has just been parked would tell nobody.
    perform baton.begin_undo(baton.take_parked(stops.called_off), 'cancelled', null, greatest(moment, baton.now()));
  end if;
  held.round := advance.round;
  held.told := case when cardinality(skipped) > 0 or left_out is not null or cardinality(late) > 0 or request ? 'timers'
    then jsonb_strip_nulls(jsonb_build_object('lost', to_jsonb(lost), 'stopped', to_jsonb(stopped), 'left_out', left_out, 'late', to_jsonb(late),
      'applied_at', case when request ? 'timers' then moment end)) end;
  if request ? 'asks' then
    if request @? '$.asks[*].keys' then
      perform baton.take_keys(
        array(select a.run from jsonb_to_recordset(request -> 'asks') as a (place integer, run uuid) where baton.has_member(held, a.place, a.run)),
        request -> 'asks', moment);
    end if;
    mail := baton.gather_mail(held.run_ids, request -> 'asks');
  end if;
  if request ? 'claim' then
    refill := baton.refill_lease(held, request -> 'claim', request -> 'family', moment, (request ->> 'ttl_ms')::integer);
  else
    update baton.lease l set round = held.round, gone = held.gone, told = held.told,
      expires_at = moment + least((request ->> 'ttl_ms')::integer, 3600000) * interval '1 millisecond'
    where l.token = advance.token;
    perform baton.settle_families(request -> 'family', moment);
  end if;
  if request ? 'family' then
    family := baton.gather_families((baton.list_members(held.run_ids, held.gone)).ids, request -> 'family');
  end if;
  if request ? 'claim' then
    return json_build_object('now', moment, 'round', advance.round, 'stopped', stopped, 'lost', lost, 'left_out', left_out, 'late', late,
      'called_off', nullif(stops.called_off, '{}'), 'mail', mail, 'family', family,
      'low', refill.low, 'due_in_ms', refill.due_in_ms, 'poisoned', refill.poisoned, 'runs', refill.runs);
  end if;
  return json_build_object('now', moment, 'round', advance.round, 'stopped', stopped, 'lost', lost, 'left_out', left_out, 'late', late,
    'called_off', nullif(stops.called_off, '{}'), 'mail', mail, 'family', family);
end
$$;
