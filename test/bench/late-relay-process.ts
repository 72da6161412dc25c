// A relay in front of a port of 127.0.0.1: `late-relay-process.ts <port> <delay in ms>`; what a
// client sends arrives so much later. Tells its own port.
import { once } from "node:events";
import { connect, createServer, type AddressInfo } from "node:net";
import { Worker } from "node:worker_threads";

const [port, delayMs] = process.argv.slice(2).map(Number) as [number, number];

// A timer of Node's own is late by up to a millisecond and a half. A thread that sleeps is late by
// 0.1 ms, or more where others work on the machine: that is learned, and it is woken the earlier.
const sleeper = new Worker(new URL("late-relay-sleeper.ts", import.meta.url));
let earlierMs = 0.1;
const stepMs = 0.01;

/** All are put off by the same time: they are due in the order in which they came. */
const waiting: { readonly since: number; readonly send: () => void }[] = [];
sleeper.on("message", () => {
  const { since, send } = waiting.shift()!;
  send();
  earlierMs += performance.now() - since > delayMs ? stepMs : -stepMs;
});

function later(send: () => void): void {
  const since = performance.now();
  waiting.push({ since, send });
  sleeper.postMessage(performance.timeOrigin + since + delayMs - earlierMs);
}

const server = createServer({ noDelay: true }, (near) => {
  const far = connect({ port, host: "127.0.0.1", noDelay: true });
  near.on("data", (chunk) => later(() => far.write(chunk)));
  far.pipe(near);
  near.once("close", () => far.destroy());
  far.once("close", () => near.destroy());
  for (const socket of [near, far]) socket.on("error", () => socket.destroy());
}).listen(0, "127.0.0.1");
await once(server, "listening");
process.on("disconnect", () => process.exit(0));
process.send!({ port: (server.address() as AddressInfo).port });
