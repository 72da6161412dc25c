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
 * Asks the server to cancel what a connection is running. Resolves when it has taken the request,
 * or did not in two seconds, and never throws. The connection must stay open until then: a pooler
 * would no longer know whom the request is for.
 *
 * Protocol: CancelRequest, on a connection of its own and without an answer (PostgreSQL, "Message
 * Formats"). It is sent in clear, as libpq does; its key is good for nothing else.
 */
export function cancelOnServer(client: pg.PoolClient): Promise<void> {
  const { processID, secretKey, host, port } = client as unknown as Session;
  if (processID === null || secretKey === null) return Promise.resolve();
  const socket = host.startsWith("/") ? connect(`${host}/.s.PGSQL.${port}`) : connect(port, host);
  socket.unref();
  return new Promise((resolve) => {
    socket.on("error", () => socket.destroy());
    socket.on("close", () => resolve());
    socket.setTimeout(2_000, () => socket.destroy());
    // The server's answer is that it closes the connection; a pooler forgets the request when its
    // sender closes first.
    socket.resume().write(cancelRequest(processID, secretKey));
  });
}

function cancelRequest(processID: number, secretKey: number): Buffer {
  const message = Buffer.alloc(16);
  [16, 80_877_102, processID, secretKey].forEach((field, n) => message.writeInt32BE(field, 4 * n));
  return message;
}
