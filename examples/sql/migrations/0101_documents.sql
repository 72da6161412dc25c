-- The tables of the example document-pipeline, and the search in them.
--
-- Each document is cut into chunks, which are searched by full text. A word of the question that no
-- chunk has is taken for a slip: its place is taken by those words of the documents that look most
-- like it, by their trigrams. That needs the extension pg_trgm. It is trusted, so whoever may
-- create schemas may create it; where the server keeps it back, an administrator installs it first,
-- in any schema that baton_migrator, baton_poller and baton_reader may use.

-- Somebody may have dropped it since 0100.
create schema if not exists example;

create extension if not exists pg_trgm;

-- Wherever the extension lies: what follows finds it there, and remembers where.
select set_config('search_path', format('pg_catalog, %s, pg_temp', extnamespace::regnamespace), true)
  from pg_extension where extname = 'pg_trgm';

create table example.documents (
  id         bigint generated always as identity,
  url        text not null,
  title      text not null,
  format     text not null,
  sha256     text not null,
  size_bytes bigint not null,
  pages      integer,
  fetched_at timestamptz(3) not null,
  constraint documents_pkey primary key (id),
  constraint documents_url_key unique (url),
  constraint documents_format_check check (format in ('pdf', 'html', 'markdown', 'text'))
);

create table example.chunks (
  document_id bigint not null,
  position    integer not null,
  page        integer,
  body        text not null,
  lexemes     tsvector not null generated always as (to_tsvector('english', body)) stored,
  constraint chunks_pkey primary key (document_id, position),
  constraint chunks_document_id_fkey foreign key (document_id) references example.documents (id) on delete cascade
);

create index chunks_lexemes_idx on example.chunks using gin (lexemes);

-- Each word that any chunk ever had, as it is written: what slips are held against.
create table example.words (
  word text not null,
  constraint words_pkey primary key (word)
);

create index words_trigrams_idx on example.words using gin (word gin_trgm_ops);

-- The chunks that answer a question, the best first. Its words need not all be in a chunk; the rank
-- is how many are, and behind the point how often and how close together. In the snippet they stand
-- between asterisks. Of a question, 32 words count.
create function example.find_chunks(question text, most integer default 10)
  returns table (url text, title text, page integer, "position" integer, rank real, snippet text)
  language sql stable
  set search_path from current
  set pg_trgm.similarity_threshold = 0.3
as $$
  with asked as (
    select word, plainto_tsquery('english', word) as query
      from unnest(tsvector_to_array(to_tsvector('simple', left(question, 1000)))) as word
     where numnode(plainto_tsquery('english', word)) > 0
     limit 32
  ), meant as (
    select query from asked
     where exists (select from example.chunks where lexemes @@ asked.query)
    union
    select string_agg(format('(%s)', plainto_tsquery('english', alike.word)), ' | ')::tsquery
      from asked, lateral (
             select words.word from example.words where words.word % asked.word
              order by similarity(words.word, asked.word) desc, words.word limit 3) as alike
     where not exists (select from example.chunks where lexemes @@ asked.query)
       and numnode(plainto_tsquery('english', alike.word)) > 0
     group by asked.word
  ), whole as (
    select string_agg(format('(%s)', query), ' | ')::tsquery as query from meant
  ), best as (
    select chunks.document_id, chunks.page, chunks.position, chunks.body, whole.query,
           (select count(*) from meant where chunks.lexemes @@ meant.query)
             + ts_rank_cd(chunks.lexemes, whole.query, 32) as rank
      from whole, example.chunks where chunks.lexemes @@ whole.query
     order by rank desc, chunks.document_id, chunks.position
     limit most
  )
  select documents.url, documents.title, best.page, best.position, best.rank::real,
         ts_headline('english', best.body, best.query, 'StartSel=*, StopSel=*, MaxFragments=2, MinWords=6, MaxWords=24')
    from best join example.documents on documents.id = best.document_id
   order by best.rank desc, best.document_id, best.position
$$;
