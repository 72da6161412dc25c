-- Queues beside the default one: whose pollers call the handlers that say `on`.

-- In ready, a band is 16 times the number of the queue and the priority, or 3 + n of suspects. The
-- default queue has the number 0 and no row.
create table baton.queue (
  id smallint not null,
  name text not null,
  constraint queue_number primary key (id),
  constraint queue_name unique (name),
  constraint queue_has_bands check (id between 1 and 2047)
);

-- Whose poller it is: null: of the default queue. The null takes no byte.
alter table baton.lease add column queue smallint;
