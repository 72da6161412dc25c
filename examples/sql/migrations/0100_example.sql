-- The tables of the examples in shared/workflows. A service of your own drops this file, or keeps its tables in files like it.

create schema example;

create table example.videos (
  id           uuid not null,
  owner_id     uuid,
  title        text not null,
  sha256       text not null,
  size_bytes   bigint not null,
  frame_rate   numeric(9, 3) not null,
  uploaded_at  timestamptz(3) not null,
  published_at timestamptz(3),
  constraint videos_pkey primary key (id),
  constraint videos_title_owner_key unique (title, owner_id),
  constraint videos_size_bytes_check check (size_bytes > 0)
);

create table example.video_traits (
  video_id uuid not null,
  name     text not null,
  value    text not null,
  constraint video_traits_pkey primary key (video_id, name, value),
  constraint video_traits_video_id_fkey foreign key (video_id) references example.videos (id) on delete cascade
);

create index video_traits_name_value_idx on example.video_traits (name, value);

create table example.renditions (
  video_id        uuid not null,
  label           text not null,
  idempotency_key text not null,
  width           integer not null,
  height          integer not null,
  frames          integer not null,
  duration_ms     integer not null,
  content         bytea not null,
  published       boolean not null default false,
  constraint renditions_pkey primary key (video_id, label),
  constraint renditions_video_id_fkey foreign key (video_id) references example.videos (id) on delete cascade,
  constraint renditions_label_check check (label in ('half', 'quarter'))
);
