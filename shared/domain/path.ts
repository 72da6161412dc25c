/**
 * Where a row of a run stands. A path is the names from a node of the chain down, joined by `/`:
 *
 *     path    = name *( "/" segment )          at most 200 bytes
 *     segment = name / index / of / mark
 *     name    = lower-case letter, then up to 62 letters, digits or hyphens
 *     index   = 5 digits, so that rows are in the order of items: `renditions/00017`
 *     of      = 1 to 64 bytes, all but `A-Z a-z 0-9 . _ -` percent-encoded
 *     mark    = "~" and a name: a row of the engine's own, such as `~output`
 *
 * A plain node's path is its name. Paths lie in users' databases, and in idempotency keys
 * (`runId/path`, at most 237 bytes of the 255 at which payment services cut them): the grammar only
 * ever grows.
 */
export const pathPattern =
  /^(?:~?[a-z][a-zA-Z0-9-]{0,62})(?:\/(?:~?[a-z][a-zA-Z0-9-]{0,62}|\d{5}|(?:[A-Za-z0-9._-]|%[0-9A-F]{2}){1,64}))*$/;

export const MAX_PATH_BYTES = 200;

/** Stands in a path for the index of every item or pass. */
export const EACH = "*";

/** A path with that in place of each index that something is below. */
export function ofEach(path: string): string {
  return path.replace(/\/\d{5}(?=\/)/g, `/${EACH}`);
}

/** The node of the chain that a path belongs to. */
export function topOf(path: string): string {
  const end = path.indexOf("/");
  return end < 0 ? path : path.slice(0, end);
}
