import { Worker, type WorkerOptions } from "node:worker_threads";
import type { Driver } from "../db/connect.ts";

// Beside this file, or beside the bundle that this file is in.
const THREAD = process.env["BATON_HEARTBEAT_THREAD"] ?? "./heartbeat-thread.ts";

/**
 * Starts the heartbeat's thread, whose program is a file of its own. The published package has
 * another module in the place of this one, with the program as text for each driver: whoever
 * bundles it has one file.
 */
export function startThread(_driver: Driver, options: WorkerOptions): Worker {
  return new Worker(new URL(THREAD, import.meta.url), options);
}
