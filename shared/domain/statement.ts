/**
 * One SQL statement with its parameters, as data: what a `sql` node returns and what the database port runs.
 *
 * `text` uses `$1 … $n`; JSON values are passed as `JSON.stringify(value)` with `$n::jsonb`.
 */
export interface Statement {
  readonly text: string;
  readonly values?: readonly unknown[];
}
