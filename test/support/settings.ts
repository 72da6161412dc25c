/**
 * A setting, a value that is not the usual one, and, where calls cannot work under it, the error
 * that says so.
 */
export type Setting = readonly [name: string, value: string, refusal?: RegExp];

const planner = [
  "async_append",
  "bitmapscan",
  "gathermerge",
  "hashagg",
  "hashjoin",
  "incremental_sort",
  "indexonlyscan",
  "indexscan",
  "material",
  "memoize",
  "mergejoin",
  "nestloop",
  "parallel_append",
  "parallel_hash",
  "partition_pruning",
  "seqscan",
  "sort",
  "tidscan",
  // From PostgreSQL 16, 17 and 18 on.
  "presorted_aggregate",
  "group_by_reordering",
  "distinct_reordering",
  "self_join_elimination",
].map((name): Setting => [`enable_${name}`, "off"]);

/** How many of them each major version of Postgres knows. */
export const KNOWN: Readonly<Record<string, number>> = { 15: 100, 16: 101, 17: 103, 18: 105 };

/** What a database, a login or a session may say. */
export const SETTINGS: readonly Setting[] = [
  ["timezone", "Europe/Berlin"],
  ["timezone", "America/St_Johns"],
  ["timezone", "Pacific/Apia"],
  ["timezone", "Asia/Kathmandu"],
  ["timezone", "<+13>-13:30"],
  ["datestyle", "SQL, DMY"],
  ["datestyle", "German"],
  ["datestyle", "Postgres, MDY"],
  ["intervalstyle", "sql_standard"],
  ["intervalstyle", "iso_8601"],
  ["intervalstyle", "postgres_verbose"],
  ["timezone_abbreviations", "Australia"],
  ["search_path", "hostile, pg_catalog"],
  ["search_path", ""],
  ["search_path", "pg_temp, hostile, pg_catalog"],
  ["default_transaction_isolation", "serializable", /SERIALIZABLE.*READ COMMITTED only/],
  ["default_transaction_isolation", "repeatable read", /REPEATABLE READ.*READ COMMITTED only/],
  ["default_transaction_isolation", "read uncommitted", /READ UNCOMMITTED.*READ COMMITTED only/],
  ["default_transaction_read_only", "on", /in a read-only transaction/],
  ["default_transaction_deferrable", "on"],
  ["statement_timeout", "60s"],
  ["lock_timeout", "10s"],
  ["idle_in_transaction_session_timeout", "60s"],
  ["idle_session_timeout", "60s"],
  ["transaction_timeout", "60s"],
  ["synchronous_commit", "off"],
  ["synchronous_commit", "local"],
  ["commit_delay", "100"],
  ["standard_conforming_strings", "off"],
  ["escape_string_warning", "off"],
  ["backslash_quote", "off"],
  ["array_nulls", "off"],
  ["transform_null_equals", "on"],
  ["quote_all_identifiers", "on"],
  ["bytea_output", "escape"],
  ["extra_float_digits", "-15"],
  ["xmloption", "document"],
  ["xmlbinary", "hex"],
  ["lc_messages", "C"],
  ["lc_monetary", "C"],
  ["lc_numeric", "C"],
  ["lc_time", "C"],
  ["client_min_messages", "debug5"],
  ["row_security", "off"],
  ["check_function_bodies", "off"],
  ["session_replication_role", "replica"],
  ["plan_cache_mode", "force_generic_plan"],
  ["plan_cache_mode", "force_custom_plan"],
  ["jit", "on"],
  ["jit_above_cost", "0"],
  ["work_mem", "64kB"],
  ["max_stack_depth", "100kB"],
  ["hash_mem_multiplier", "1"],
  ["temp_buffers", "800kB"],
  ["random_page_cost", "1000000"],
  ["seq_page_cost", "0"],
  ["cpu_tuple_cost", "1000000"],
  ["from_collapse_limit", "1"],
  ["join_collapse_limit", "1"],
  ["geqo_threshold", "2"],
  ["constraint_exclusion", "off"],
  ["cursor_tuple_fraction", "0"],
  ["max_parallel_workers_per_gather", "8"],
  ["force_parallel_mode", "regress"],
  ["debug_parallel_query", "regress"],
  ["enable_partitionwise_join", "on"],
  ["enable_partitionwise_aggregate", "on"],
  ["parallel_setup_cost", "0"],
  ["parallel_leader_participation", "off"],
  ["default_statistics_target", "1"],
  ["default_table_access_method", "heap"],
  ["default_toast_compression", "pglz"],
  ["gin_fuzzy_search_limit", "1"],
  ["plpgsql.variable_conflict", "use_column"],
  ["plpgsql.variable_conflict", "use_variable"],
  ["plpgsql.extra_errors", "shadowed_variables, too_many_rows"],
  ["plpgsql.print_strict_params", "on"],
  ["plpgsql.check_asserts", "off"],
  ["track_functions", "all"],
  ["track_activities", "off"],
  ["track_counts", "off"],
  ["track_io_timing", "on"],
  ["log_statement", "all"],
  ["debug_print_plan", "on"],
  ...planner,
];

/**
 * A schema with types, functions and operators named like the built-in ones, each of which refuses
 * whatever it is given.
 */
export const HOSTILE = `
  create schema hostile;
  create function hostile.refuse() returns boolean language plpgsql as $$ begin raise exception 'this is not the built-in one'; end $$;
  create domain hostile.uuid as text check (value is null);
  create domain hostile.jsonb as text check (value is null);
  create domain hostile.json as text check (value is null);
  create domain hostile.int4 as text check (value is null);
  create domain hostile.text as varchar check (value is null);
  create domain hostile.timestamptz as varchar check (value is null);
  create function hostile.clock_timestamp() returns pg_catalog.timestamptz language sql as $$ select '-infinity'::pg_catalog.timestamptz from hostile.refuse() $$;
  create function hostile.to_char(pg_catalog.timestamptz, pg_catalog.text) returns pg_catalog.text language sql as $$ select '' from hostile.refuse() $$;
  create function hostile.cardinality(anyarray) returns integer language sql as $$ select 0 from hostile.refuse() $$;
  create function hostile.set_config(pg_catalog.text, pg_catalog.text, boolean) returns pg_catalog.text language sql as $$ select '' from hostile.refuse() $$;
  create function hostile.current_setting(pg_catalog.text) returns pg_catalog.text language sql as $$ select '' from hostile.refuse() $$;
  create function hostile.differ(pg_catalog.uuid, pg_catalog.uuid) returns boolean language sql as $$ select hostile.refuse() $$;
  create function hostile.differ(pg_catalog.text, pg_catalog.text) returns boolean language sql as $$ select hostile.refuse() $$;
  create function hostile.pick(pg_catalog.jsonb, pg_catalog.text) returns pg_catalog.jsonb language sql as $$ select null::pg_catalog.jsonb from hostile.refuse() $$;
  create operator hostile.= (function = hostile.differ, leftarg = pg_catalog.uuid, rightarg = pg_catalog.uuid);
  create operator hostile.= (function = hostile.differ, leftarg = pg_catalog.text, rightarg = pg_catalog.text);
  create operator hostile.-> (function = hostile.pick, leftarg = pg_catalog.jsonb, rightarg = pg_catalog.text);
  create table hostile.run (id integer);
  create table hostile.lease (token integer);
  grant usage on schema hostile to public;
`;
