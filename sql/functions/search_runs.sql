-- Runs in whose failures' messages (the first 1,000 characters of each) or attributes a text is
-- found: as it stands, in any case, or in words much like it. Those that say it best come first, of
-- the newest 1,000 that say it at all.
--
-- request: { text, limit, before?: id } — text: at least three letters or digits in a row.
-- answer:  { runs: [{ id, workflow, version, status, created_at, finished_at, score, found }],
--          ranked, next } — score: 1 for the very text, less for words like it; found: the first
--          300 characters of where it was found; ranked: among so many runs; next: older ones lie
--          before this id, null where there are none.
-- raises:  BT060 search is not there; BT061 the text has no three letters or digits in a row, which
--          no index finds.
-- A call looks at 20,000 rows that hold the text at most, newest week first. pg_trgm is wherever
-- somebody put it, so its operators are called by that name, and words are alike from 0.5 on,
-- whatever the login or the database says.
-- grant: baton_reader, baton_operator
create or replace function baton.search_runs(request jsonb) returns jsonb
language plpgsql stable security definer set search_path = pg_catalog, baton, pg_temp set timezone = 'UTC' set enable_seqscan = off
  set plan_cache_mode = force_custom_plan
as $$
declare
  moment timestamptz := baton.now();
  trgm name := baton.search_schema();
  sought text := btrim(request ->> 'text');
  pattern text := '%' || regexp_replace(sought, E'([\\\\%_])', E'\\\\\\1', 'g') || '%';
  matches text := format('(text ilike $2 or $1 operator(%I.<%%) text)', trgm);
  threshold text := current_setting('pg_trgm.word_similarity_threshold', true);
  before uuid := coalesce((request ->> 'before')::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff');
  newest timestamptz := least(moment + interval '5 minutes', baton.id_time(before));
  unseen integer := baton.most_entries();
  ids uuid[] := '{}';
  next uuid;
  week text;
  looked record;
  searchable boolean;
  runs jsonb;
begin
  perform baton.require_keys('the request of search_runs', request, '{text,limit}', '{text,limit,before}');
  execute format('select exists (select from unnest(%I.show_trgm($1)) as t where t not like ''%% %%'')', trgm) into searchable using sought;
  -- The index finds a word of two letters beyond ASCII as well, but by reading all of it.
  if not coalesce(searchable and sought ~ '[^[:space:][:punct:]]{3}', false) then
    raise exception 'the text has no three letters or digits in a row' using errcode = 'BT061', hint = 'Search for a longer word.';
  end if;
  perform set_config('pg_trgm.word_similarity_threshold', '0.5', true);
  for week in
    select right(c.relname, 8) from pg_inherits i join pg_class c on c.oid = i.inhrelid
    where i.inhparent = 'baton.failure'::regclass
      and right(c.relname, 8) <= to_char(newest, 'YYYYMMDD')
    order by 1 desc
  loop
    looked := baton.search_week(week, matches, sought, pattern, before, unseen);
    ids := ids || looked.ids;
    unseen := unseen - looked.looked;
    next := looked.next;
    exit when next is not null or cardinality(ids) > 1000 or unseen <= 0;
  end loop;
  ids := array(select id from unnest(ids) as i (id) order by id desc);
  if cardinality(ids) > 1000 then
    ids := ids[:1000];
    next := ids[1000];
  elsif unseen <= 0 and next is null then
    next := baton.id_at(to_timestamp(week, 'YYYYMMDD'));
  end if;
  execute format(
    'select coalesce(jsonb_agg(to_jsonb(page) order by page.score desc, page.id desc), ''[]'') from (
       select r.id, r.workflow, r.version, coalesce(e.status, baton.place_status(r.id, $5)) as status, r.created_at, e.at as finished_at,
         best.score, best.found
       from unnest($3) as l (id)
       cross join lateral (select * from baton.run where id = l.id and id between $6 and $7 limit 1) as r
       left join lateral (select status, at from baton.ending where run_id = l.id and run_id between $6 and $7 limit 1) as e on true
       cross join lateral (
         select case when text ilike $2 then 1 else least(round(%1$I.word_similarity($1, text)::numeric, 3), 0.999) end as score, left(text, 300) as found
         from (
           select * from (
             select left(f.error ->> ''message'', 1000) as text from baton.failure f where f.run_id = l.id and f.run_id between $6 and $7
             order by f.finished_at desc limit 100) as newest
           union all
           select baton.attribute_text(a.attributes) from baton.attribute a where a.run_id = l.id and a.run_id between $6 and $7
           offset 0
         ) as said
         order by 1 desc limit 1
       ) as best
       order by best.score desc, r.id desc limit $4
     ) as page', trgm)
    into runs using sought, pattern, ids, (request ->> 'limit')::integer, moment, ids[cardinality(ids)], ids[1];
  perform set_config('pg_trgm.word_similarity_threshold', coalesce(threshold, '0.6'), true);
  return jsonb_build_object('runs', runs, 'ranked', cardinality(ids), 'next', next);
end
$$;
