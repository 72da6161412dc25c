import { expect, it } from "vitest";
import { contractions } from "../../infra/check/expand.ts";

const migration = (text: string) => [{ path: "sql/migrations/0009_next.sql", text }];

it.each([
  "drop table baton.run",
  "drop schema if exists example cascade",
  "alter table baton.run drop column input",
  "alter table baton.run drop input, add column more int",
  "alter table baton.run rename column input to payload",
  "ALTER TABLE baton.run RENAME TO runs",
  "alter table baton.run alter column priority type text",
  "alter table baton.run alter priority set data type bigint",
  "alter table baton.run alter column input set not null",
  "alter table baton.run add column more int not null",
  "alter table baton.run add column a int not null, add column b int default 1",
  "alter table baton.run add constraint positive check (version > 0)",
  "create unique index run_more on baton.run (more)",
  "truncate baton.dedup",
  "delete from baton.dedup",
  "create table baton.more (id int);\nalter table baton.run drop column input",
])("a migration may not take away what older code needs: %s", (text) => {
  expect(contractions(migration(`-- Something.\n${text};`))).toEqual([
    expect.stringMatching(/^sql\/migrations\/0009_next\.sql: .* \(.+\)$/),
  ]);
});

it.each([
  "create table baton.more (id int not null, constraint more_id primary key (id))",
  "alter table baton.run add column more int",
  "alter table baton.run add column more int not null default 0",
  "alter table baton.run alter column input drop not null",
  "alter table baton.lease set (fillfactor = 40)",
  "create index run_workflow on baton.run (workflow)",
  "create table baton.more (id int);\nalter table baton.more add constraint more_id unique (id);\ncreate unique index more_x on baton.more (id)",
  "-- drop table baton.run\ncomment on table baton.run is 'rename me'",
])("a migration may add, and change what it makes itself: %s", (text) => {
  expect(contractions(migration(`${text};`))).toEqual([]);
});
