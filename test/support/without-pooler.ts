/**
 * Files of `test/db` that ask the server itself, or one of their own: to stand behind PgBouncer
 * changes nothing of them, and they take longest.
 */
export const WITHOUT_POOLER = [
  "buffers",
  "filter-pages",
  "lists",
  "locales",
  "locks",
  "migrate",
  "migrate-files",
  "migrate-roles",
  "migrate-settings",
  "older-schema",
  "plans",
  "servers",
  "settings",
  "years",
].map((name) => `test/db/${name}.test.ts`);
