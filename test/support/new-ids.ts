/**
 * SQL for the id of row `n` of many, in the order in which they are made: a UUIDv7 of now, a
 * thousand of them to the millisecond.
 *
 * `baton.new_id()` asks for the time and for leave each time, which is half of what it takes to
 * fill a table.
 */
export const newIdOf = (n: string): string =>
  `(lpad(to_hex(floor(extract(epoch from now()) * 1000)::bigint + ${n} / 1000), 12, '0') || '7' || substr(gen_random_uuid()::text, 16))::uuid`;
