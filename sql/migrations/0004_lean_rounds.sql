-- What a round costs. The bitmaps of a lease are read for each entry of a round: plain, they are never compressed.
-- Names of nodes are compared byte by byte, whatever the database's locale.
alter table baton.lease alter column gone set storage plain, alter column fresh set storage plain;
alter table baton.checkpoint alter column node type text collate "C";
alter table baton.failure alter column node type text collate "C";
