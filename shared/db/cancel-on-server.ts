import { connect } from "node:net";
import type pg from "pg";

/** What node-postgres knows of the session of a connection, and does not declare. */
interface Session {
  readonly processID: number | null;
  readonly secretKey: number | null;
  readonly host: string;
  readonly port: number;
}

/**
 * Asks the server to cancel what a connection is running, and waits for nothing.
 *
 * Protocol: CancelRequest, on a connection of its own and without an answer (PostgreSQL, "Message Formats"). It is sent in clear, as
 * libpq does; its key is good for nothing else.
 */
export function cancelOnServer(client: pg.PoolClient): void {
  const { processID, secretKey, host, port } = client as unknown as Session;
  if (processID === null || secretKey === null) return;
  const socket = host.startsWith("/") ? connect(`${host}/.s.PGSQL.${port}`) : connect(port, host);
  socket.on("error", () => socket.destroy());
  socket.setTimeout(2_000, () => socket.destroy());
  socket.end(cancelRequest(processID, secretKey));
  socket.unref();
}

function cancelRequest(processID: number, secretKey: number): Buffer {
  const message = Buffer.alloc(16);
  [16, 80_877_102, processID, secretKey].forEach((field, n) => message.writeInt32BE(field, 4 * n));
  return message;
}
