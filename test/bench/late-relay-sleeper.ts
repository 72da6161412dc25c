// A thread that answers each time which it is told, in milliseconds since 1970, once it has come.
import { parentPort } from "node:worker_threads";

const cell = new Int32Array(new SharedArrayBuffer(4));

parentPort!.on("message", (at: number) => {
  Atomics.wait(cell, 0, 0, at - (performance.timeOrigin + performance.now()));
  parentPort!.postMessage(undefined);
});
