import { parseArgs } from "node:util";
import type { Driver } from "../../../shared/db/connect.ts";

/** What the caller of `npm start` chose. */
export interface Settings {
  /** PORT, default 4620. */
  readonly port: number;
  /** DATABASE_URL; undefined: the embedded server. */
  readonly databaseUrl: string | undefined;
  readonly driver: Driver | undefined;
  /**
   * Whether to enqueue one run of each example: always with the embedded server, else with
   * `-- --demo`.
   */
  readonly demo: boolean;
}

/** A setting has a value that it does not take. */
export class SettingError extends Error {
  override readonly name = "SettingError";
}

export function readSettings(args: readonly string[], env: NodeJS.ProcessEnv): Settings {
  const databaseUrl = env["DATABASE_URL"] || undefined;
  return {
    port: portOf(env["PORT"]),
    databaseUrl,
    driver: driverOf(env["BATON_DRIVER"]),
    demo: demoAsked(args) || databaseUrl === undefined,
  };
}

function portOf(given = "4620"): number {
  const port = Number(given);
  if (Number.isInteger(port) && port > 0 && port < 65_536) return port;
  throw new SettingError(`PORT is "${given}": it takes a number from 1 to 65535`);
}

function driverOf(given: string | undefined): Driver | undefined {
  if (given === undefined || given === "") return undefined;
  if (given === "neon" || given === "pg") return given;
  throw new SettingError(`BATON_DRIVER is "${given}": it takes neon or pg`);
}

function demoAsked(args: readonly string[]): boolean {
  try {
    return parseArgs({ args: [...args], options: { demo: { type: "boolean", default: false } } }).values.demo;
  } catch {
    throw new SettingError(`Unknown argument in "${args.join(" ")}". Usage: npm start [-- --demo]`);
  }
}
