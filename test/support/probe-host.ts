import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";
import type { AccessKey } from "../../infra/local/host/access-keys.ts";
import type { Refusal } from "../../infra/local/host/access.ts";
import { functionArn } from "../../infra/local/host/arns.ts";
import type { RoleFacts } from "../../infra/local/host/roles.ts";
import { type Host, startHost } from "../../infra/local/host.ts";
import { roleThatAllows } from "./roles.ts";

/** A host with one function, `probe`, which prints its event and gives it back. */
export interface ProbeHost {
  readonly host: Host;
  /** What a client of the AWS SDK is made with. */
  readonly connection: {
    readonly endpoint: string;
    readonly region: string;
    readonly credentials: AccessKey;
    readonly maxAttempts: number;
  };
  /** What the function has printed. */
  readonly printed: () => string;
  readonly refusals: readonly Refusal[];
  /** A role that the Scheduler may take, and that may invoke the function. */
  readonly waker: RoleFacts;
  /** One that it may take, and that may do nothing. */
  readonly idler: RoleFacts;
  /** The function's own, which only Lambda may take. */
  readonly role: RoleFacts;
}

/** Starts one for a test file. */
export async function startProbeHost(): Promise<ProbeHost> {
  const folder = mkdtempSync(join(tmpdir(), "baton-stand-ins-"));
  writeFileSync(join(folder, "probe.mjs"), "export const handler = async (event) => (console.log(JSON.stringify(event)), event);");
  let printed = "";
  const refusals: Refusal[] = [];
  const role = roleThatAllows({});
  const waker = roleThatAllows({ "lambda:InvokeFunction": functionArn("probe") }, "Waker", "scheduler.amazonaws.com");
  const idler = roleThatAllows({}, "Idler", "scheduler.amazonaws.com");
  const facts = { timeoutMs: 10_000, memoryMb: 128, reservedConcurrency: undefined, maximumEventAgeMs: 60_000, environment: {}, role };
  const host = await startHost({
    template: {
      functions: [{ logicalId: "Probe", name: "probe", module: "probe", handler: "handler", ...facts }],
      routes: [],
      schedules: [],
      roles: [role, waker, idler],
      permissions: [],
      scheduleGroups: ["mine"],
    },
    codeRoot: folder,
    environmentOf: () => ({}),
    log: (text) => (printed += text),
    onRefusal: (refusal) => refusals.push(refusal),
  });
  afterAll(async () => {
    await host.close();
    rmSync(folder, { recursive: true, force: true });
  });
  const connection = { endpoint: host.awsUrl, region: "eu-local-1", credentials: host.awsKey, maxAttempts: 1 };
  return { host, connection, printed: () => printed, refusals, waker, idler, role };
}

/** What the SDK throws; status is that of HTTP. */
export interface Thrown {
  readonly name: string;
  readonly status: number | undefined;
  readonly message: string;
}

/** Throws where the call was answered. */
export async function thrownBy(call: Promise<unknown>): Promise<Thrown> {
  try {
    await call;
  } catch (thrown) {
    const { name, message, $metadata } = thrown as Error & { $metadata?: { httpStatusCode?: number } };
    return { name, status: $metadata?.httpStatusCode, message };
  }
  throw new Error("It was not refused.");
}

export const refused = (name: string, status: number, message: string): Thrown => ({ name, status, message });

/** What a service says of input that its model does not take, all of it at once. */
export function invalid(...wrong: readonly string[]): Thrown {
  const count = wrong.length === 1 ? "1 validation error" : `${wrong.length} validation errors`;
  return refused("ValidationException", 400, `${count} detected: ${wrong.join("; ")}`);
}

export const broken = (value: string, path: string, constraint: string): string =>
  `Value '${value}' at '${path}' failed to satisfy constraint: Member must ${constraint}`;
export const missing = (path: string): string => `Value null at '${path}' failed to satisfy constraint: Member must not be null`;
