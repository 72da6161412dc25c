/** The types of a report's columns in Postgres, and what they are in JSON. */
interface ColumnTypes {
  readonly text: string;
  readonly smallint: number;
  readonly bigint: number;
  /** ISO 8601 with a zone. */
  readonly timestamptz: string;
}

/**
 * The columns of each report, in order: its files in `sql/queries/` select exactly these. For types
 * and tests; no bundle has them.
 */
export const reportColumns = {
  "slow-steps": {
    workflow: "text",
    node: "text",
    steps: "bigint",
    p50_ms: "bigint",
    p95_ms: "bigint",
    most_ms: "bigint",
    total_ms: "bigint",
  },
  failures: {
    fingerprint: "text",
    failures: "bigint",
    runs: "bigint",
    given_up: "bigint",
    nodes: "text",
    first_at: "timestamptz",
    last_at: "timestamptz",
    example: "text",
  },
  retries: { hour: "timestamptz", failures: "bigint", retried: "bigint", given_up: "bigint", runs: "bigint" },
  "backlog-age": {
    priority: "smallint",
    ready: "bigint",
    p50_overdue_ms: "bigint",
    most_overdue_ms: "bigint",
    waiting: "bigint",
    running: "bigint",
    blocked: "bigint",
  },
  storage: {
    workflow: "text",
    runs: "bigint",
    steps: "bigint",
    input_bytes: "bigint",
    output_bytes: "bigint",
    bytes: "bigint",
    bytes_a_run: "bigint",
  },
} as const satisfies Readonly<Record<string, Readonly<Record<string, keyof ColumnTypes>>>>;

export type ReportName = keyof typeof reportColumns;

/**
 * A row of a report; what nothing is known of, such as an age where nobody waits, or a node in the
 * rollup, is null.
 */
export type ReportRow<Name extends ReportName = ReportName> = {
  readonly [Column in keyof (typeof reportColumns)[Name]]: ColumnTypes[(typeof reportColumns)[Name][Column] & keyof ColumnTypes] | null;
};
