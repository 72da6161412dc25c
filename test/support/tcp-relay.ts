import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Socket } from "node:net";
import { Transform } from "node:stream";

/** A relay in front of a port of 127.0.0.1, whose connections a test can cut. */
export interface TcpRelay extends AsyncDisposable {
  readonly port: number;
  /** How many connections are open. */
  readonly open: number;
  /**
   * Ends all connections that are open, as what lies between does with those that nobody used for
   * long.
   */
  cut(): void;
  /** From now on what a client sends arrives later by so many milliseconds; by default at once. */
  delay(milliseconds: number): void;
}

export async function startTcpRelay(port: number): Promise<TcpRelay> {
  const sockets = new Set<Socket>();
  let lateMs = 0;
  const server = createServer((near) => {
    const far = connect(port, "127.0.0.1");
    sockets.add(near);
    near.once("close", () => [sockets.delete(near), far.destroy()]);
    far.once("close", () => near.destroy());
    for (const socket of [near, far]) socket.on("error", () => socket.destroy());
    const late = new Transform({
      transform: (chunk, _, next) => void (lateMs > 0 ? setTimeout(next, lateMs, null, chunk) : next(null, chunk)),
    });
    near.pipe(late).pipe(far).pipe(near);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const cut = () => sockets.forEach((socket) => socket.destroy());
  return {
    port: (server.address() as AddressInfo).port,
    get open() {
      return sockets.size;
    },
    cut,
    delay: (milliseconds) => void (lateMs = milliseconds),
    [Symbol.asyncDispose]: async () => {
      server.close();
      cut();
    },
  };
}
