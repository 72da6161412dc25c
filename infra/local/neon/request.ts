import type { IncomingHttpHeaders } from "node:http";

/** One parsed call of `/sql`. */
export interface NeonRequest {
  readonly connectionString: string;
  readonly statements: readonly NeonStatement[];
  /** The statement that opens the transaction of a batch; undefined for a single query. */
  readonly begin: string | undefined;
  readonly rowsAsArrays: boolean;
}

export interface NeonStatement {
  readonly query: string;
  readonly params?: unknown[];
}

/** The request is not one of the protocol; answered with status 400. */
export class BadRequestError extends Error {
  override readonly name = "BadRequestError";
}

const ISOLATION_LEVELS: Readonly<Record<string, string>> = {
  ReadUncommitted: "READ UNCOMMITTED",
  ReadCommitted: "READ COMMITTED",
  RepeatableRead: "REPEATABLE READ",
  Serializable: "SERIALIZABLE",
};

export function parseRequest(headers: IncomingHttpHeaders, body: string): NeonRequest {
  const connectionString = headers["neon-connection-string"];
  if (typeof connectionString !== "string") throw new BadRequestError("The header Neon-Connection-String is missing.");
  const parsed = parseBody(body);
  const batch = Array.isArray(parsed.queries);
  const statements = (batch ? parsed.queries : [parsed]) as NeonStatement[];
  if (!statements.every((one) => typeof one?.query === "string")) throw new BadRequestError('Each query needs a text under "query".');
  const rowsAsArrays = headers["neon-array-mode"] === "true";
  return { connectionString, statements, begin: batch ? beginStatement(headers) : undefined, rowsAsArrays };
}

function parseBody(body: string): { queries?: unknown; query?: unknown } {
  try {
    return (JSON.parse(body) as { queries?: unknown } | null) ?? {};
  } catch {
    throw new BadRequestError("The body is not JSON.");
  }
}

function beginStatement(headers: IncomingHttpHeaders): string {
  const words = ["BEGIN"];
  const level = headers["neon-batch-isolation-level"];
  if (level !== undefined) words.push(`ISOLATION LEVEL ${isolationLevel(String(level))}`);
  if (headers["neon-batch-read-only"] === "true") words.push("READ ONLY");
  if (headers["neon-batch-deferrable"] === "true") words.push("DEFERRABLE");
  return words.join(" ");
}

function isolationLevel(name: string): string {
  const level = ISOLATION_LEVELS[name];
  if (level === undefined) throw new BadRequestError(`There is no isolation level ${name}.`);
  return level;
}
