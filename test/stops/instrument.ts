import type { QueryAsOwner } from "../support/database.ts";

/**
 * The advisory lock at which a call stops, for as long as the test holds it, whatever time its
 * function has for a lock.
 */
export const STOP_LOCK = 20_261_126;

const INSTALL = `
  create schema test_stops;
  create function test_stops.here(point text) returns boolean language plpgsql set lock_timeout = 0 as $$
  begin
    if current_setting('test_stops.trace', true) = 'on' then
      raise notice '%', point;
    elsif current_setting('test_stops.at', true) = point then
      perform set_config('test_stops.at', '', false);
      perform pg_advisory_lock(${STOP_LOCK});
      perform pg_advisory_unlock(${STOP_LOCK});
    end if;
    return false;
  end $$;
  grant usage on schema test_stops to public;
  grant execute on function test_stops.here(text) to public;
`;

/**
 * Puts a stop before each statement of each PL/pgSQL function of the engine, made from the
 * functions' own text.
 */
export async function instrument(query: QueryAsOwner): Promise<number> {
  await query(INSTALL);
  const functions = await query<{ name: string; definition: string }>(
    `select p.proname as name, pg_get_functiondef(p.oid) as definition from pg_proc p join pg_language l on l.oid = p.prolang
     where p.pronamespace = 'baton'::regnamespace and l.lanname = 'plpgsql' and p.provolatile <> 'i'`,
  );
  let points = 0;
  for (const { name, definition } of functions) {
    const { text, count } = withStops(name, definition);
    points += count;
    await query(text);
  }
  return points;
}

/** An expression, because a statement of its own would set FOUND. */
const stop = (name: string, n: number) => `if test_stops.here('${name}:${n}') then null; end if;`;

const STATEMENT = /^\s*((perform|select|insert|update|delete|with|return|if|for|foreach|raise|execute|get)\b|[a-z_.]+(\[[^\]]*\])? :=)/i;
const BEFORE_A_STATEMENT = /(;|\b(begin|then|else|loop))\s*$/i;

/**
 * A statement begins on a line of its own, after the end of another or the beginning of a block.
 */
export function withStops(name: string, definition: string): { text: string; count: number } {
  let count = 0;
  let before = "";
  let inBody = false;
  const lines = definition.split("\n").map((line) => {
    if (line.trim() === "" || line.trim().startsWith("--")) return line;
    const begins = inBody && BEFORE_A_STATEMENT.test(before) && STATEMENT.test(line);
    before = line.replace(/--.*$/, "");
    inBody ||= /^begin\s*$/.test(line);
    return begins ? `${stop(name, ++count)}\n${line}` : line;
  });
  return { text: lines.join("\n"), count };
}
