import { connect } from "node:net";
import { type EventEmitter, once } from "node:events";
import pg from "pg";
import type { Answer } from "../faults.ts";
import type { NeonRequest, NeonStatement } from "./request.ts";

/** Lets the HTTP side cancel what runs for a caller that has gone. */
export interface Caller {
  gone: boolean;
  running?: pg.PoolClient;
}

export interface Address {
  readonly host: string;
  readonly port: number;
}

/** What pg itself knows about a connection but its types do not tell. */
interface SessionFacts {
  readonly processID: number;
  readonly secretKey: number;
}

export const ANSWER_LIMIT = 10 * 1024 * 1024;

/**
 * The state that a session may carry over, except cached plans: those cost time and change no
 * result.
 */
const RESET =
  "CLOSE ALL; RESET SESSION AUTHORIZATION; RESET ALL; SET client_encoding = 'UTF8'; DEALLOCATE ALL; UNLISTEN *; " +
  "SELECT pg_advisory_unlock_all(); DISCARD TEMP; DISCARD SEQUENCES";

/** pg's own word to Postgres when it is asked for data that nobody sends. */
const NO_DATA = "COPY from stdin failed: No source stream defined";

/** Postgres would call it cancelled (57014), which looks as if a repeat could help. */
const COPY_REFUSED = {
  severity: "ERROR",
  code: "0A000",
  message: "COPY FROM STDIN has no data to read from: insert the rows, or copy from a client such as psql",
};

const RAW_TEXT = { getTypeParser: () => (text: string) => text };

/**
 * Runs requests on pooled sessions, one pool for each user and database, and hands no state from
 * one request to the next.
 */
export class NeonSessions {
  readonly #address: Address;
  readonly #pools = new Map<string, pg.Pool>();
  statements = 0;

  constructor(address: Address) {
    this.#address = address;
  }

  /**
   * Executes one request; a refusal by Postgres is an answer too. Throws only when no session can
   * be had.
   */
  async run(request: NeonRequest, caller: Caller): Promise<Answer> {
    const client = await this.#pool(request.connectionString).connect();
    caller.running = client;
    const answer = await this.#execute(client, request);
    delete caller.running;
    void this.#giveBack(client, caller);
    return answer;
  }

  async close(): Promise<void> {
    await Promise.all([...this.#pools.values()].map((pool) => pool.end()));
  }

  /** Ends what runs for `caller`, as Neon does when the HTTP request is closed. */
  cancel(caller: Caller): void {
    caller.gone = true;
    if (caller.running !== undefined) void this.#sendCancel(caller.running as unknown as SessionFacts);
  }

  async #execute(client: pg.PoolClient, request: NeonRequest): Promise<Answer> {
    try {
      return request.begin === undefined ? await this.#single(client, request) : await this.#batch(client, request, request.begin);
    } catch (error) {
      return refusal(error);
    }
  }

  async #single(client: pg.PoolClient, request: NeonRequest): Promise<Answer> {
    const [statement] = request.statements;
    return bounded(await this.#statement(client, statement as NeonStatement, request.rowsAsArrays));
  }

  async #batch(client: pg.PoolClient, request: NeonRequest, begin: string): Promise<Answer> {
    await client.query(begin);
    const results: string[] = [];
    for (const statement of request.statements) results.push(await this.#statement(client, statement, request.rowsAsArrays));
    const answer = bounded(`{"results":[${results.join(",")}]}`);
    if (answer.status === 200) await client.query("COMMIT");
    return answer;
  }

  async #statement(client: pg.PoolClient, statement: NeonStatement, rowsAsArrays: boolean): Promise<string> {
    this.statements++;
    const { query: text, params: values = [] } = statement;
    const config = { text, values, rowMode: "array" as const, queryMode: "extended", types: RAW_TEXT as unknown as pg.CustomTypesConfig };
    const { command, rowCount, fields, rows } = await client.query<(string | null)[]>(config);
    const shownRows = rowsAsArrays ? rows : rows.map((row) => Object.fromEntries(fields.map((field, i) => [field.name, row[i]])));
    return JSON.stringify({ command, rowCount, rowAsArray: rowsAsArrays, fields, rows: shownRows });
  }

  /**
   * After the answer, so that no caller waits for it. A session that was told to cancel may get
   * that late: it is not used again.
   */
  async #giveBack(client: pg.PoolClient, caller: Caller): Promise<void> {
    try {
      if (client.getTransactionStatus() !== "I") await client.query("ROLLBACK");
      if (!caller.gone) await client.query(RESET);
      client.release(caller.gone);
    } catch {
      client.release(true);
    }
  }

  #pool(connectionString: string): pg.Pool {
    const known = this.#pools.get(connectionString);
    if (known !== undefined) return known;
    const { username, password, pathname } = new URL(connectionString);
    const [user, secret, database] = [username, password, pathname.slice(1)].map(decodeURIComponent);
    const pool = new pg.Pool({ ...this.#address, user, password: secret, database, max: 20, allowExitOnIdle: true });
    // A server that shuts down ends idle sessions; without a listener that would end this process.
    pool.on("error", () => undefined);
    pool.on("connect", (client) => {
      client.on("error", () => undefined);
      // pg refuses to send data for a COPY FROM STDIN, but Postgres swallowed the Sync that came
      // before and would wait for another.
      connectionOf(client).on("copyInResponse", () => connectionOf(client).sync());
    });
    this.#pools.set(connectionString, pool);
    return pool;
  }

  async #sendCancel({ processID, secretKey }: SessionFacts): Promise<void> {
    const packet = Buffer.alloc(16);
    [16, 80877102, processID, secretKey].forEach((value, i) => packet.writeInt32BE(value | 0, i * 4));
    const socket = connect(this.#address.port, this.#address.host).on("error", () => undefined);
    socket.end(packet);
    await once(socket, "close");
  }
}

/** What pg itself knows about its connection but its types do not tell. */
function connectionOf(client: pg.PoolClient): EventEmitter & { sync(): void } {
  return (client as unknown as { connection: EventEmitter & { sync(): void } }).connection;
}

function bounded(body: string): Answer {
  if (Buffer.byteLength(body) <= ANSWER_LIMIT) return { status: 200, body };
  return { status: 507, body: `response is too large (max is ${ANSWER_LIMIT} bytes)` };
}

/**
 * Postgres' own errors come with their fields; a connection that broke while it worked has a
 * message and no code.
 */
export function refusal(error: unknown): Answer {
  if (!(error instanceof pg.DatabaseError)) return { status: 400, body: JSON.stringify({ message: (error as Error).message }) };
  if (error.message === NO_DATA) return { status: 400, body: JSON.stringify(COPY_REFUSED) };
  const { length: _length, name: _name, ...fields } = error;
  return { status: 400, body: JSON.stringify({ ...fields, message: error.message }) };
}
