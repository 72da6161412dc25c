import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Socket } from "node:net";

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
}

export async function startTcpRelay(port: number): Promise<TcpRelay> {
  const sockets = new Set<Socket>();
  const server = createServer((near) => {
    const far = connect(port, "127.0.0.1");
    sockets.add(near);
    near.once("close", () => [sockets.delete(near), far.destroy()]);
    far.once("close", () => near.destroy());
    for (const socket of [near, far]) socket.on("error", () => socket.destroy());
    near.pipe(far).pipe(near);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const cut = () => sockets.forEach((socket) => socket.destroy());
  return {
    port: (server.address() as AddressInfo).port,
    get open() {
      return sockets.size;
    },
    cut,
    [Symbol.asyncDispose]: async () => {
      server.close();
      cut();
    },
  };
}
