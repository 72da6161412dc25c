import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { createServer, type RequestListener, type Server } from "node:http";

/** How one says another port. */
type CommandWith = (port: number) => string;

const npmStart: CommandWith = (port) => `PORT=${port} npm start`;

/** Another program listens on the port. */
export class PortTakenError extends Error {
  override readonly name = "PortTakenError";
  readonly port: number;
  readonly pid: number | undefined;

  constructor(port: number, pid: number | undefined, command: CommandWith) {
    const owner = pid === undefined ? "another program" : `the process with pid ${pid}`;
    super(`Port ${port} is taken by ${owner}. Choose another one: ${command(port < 65_535 ? port + 1 : 4620)}`);
    this.port = port;
    this.pid = pid;
  }
}

/** This user may not listen on the port. */
export class PortForbiddenError extends Error {
  override readonly name = "PortForbiddenError";

  constructor(port: number, command: CommandWith) {
    super(`Port ${port} may not be opened by this user, as those below 1024 mostly may not. Choose another one: ${command(4620)}`);
  }
}

/**
 * Takes a port of 127.0.0.1 at once; requests wait until `listener` is there. Throws PortTakenError
 * or PortForbiddenError.
 */
export async function openPort(port: number, listener: Promise<RequestListener>): Promise<Server> {
  const server = createServer((request, response) => void listener.then((serve) => serve(request, response)));
  server.listen(port, "127.0.0.1");
  try {
    await once(server, "listening");
  } catch (error) {
    throw explainRefusal(error, port);
  }
  return server;
}

/** What a refused `listen` says, as a sentence where it was foreseen. */
export function explainRefusal(error: unknown, port: number, command = npmStart): unknown {
  const { code } = error as NodeJS.ErrnoException;
  if (code === "EACCES" || code === "EPERM") return new PortForbiddenError(port, command);
  return code === "EADDRINUSE" ? new PortTakenError(port, ownerOf(port), command) : error;
}

function ownerOf(port: number): number | undefined {
  if (process.platform === "linux") return ownerFromProc(port);
  const listed = spawnSync("lsof", ["-nP", `-iTCP:${port}`, "-sTCP:LISTEN", "-t"], { encoding: "utf8" });
  return Number(listed.stdout?.trim().split("\n")[0]) || undefined;
}

/** Only processes of the caller's own show their sockets; of others it stays unknown. */
function ownerFromProc(port: number): number | undefined {
  const inodes = new Set([...listeningInodes("/proc/net/tcp", port), ...listeningInodes("/proc/net/tcp6", port)]);
  const pids = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  const owner = pids.find((pid) => socketInodes(pid).some((inode) => inodes.has(inode)));
  return owner === undefined ? undefined : Number(owner);
}

function listeningInodes(table: string, port: number): string[] {
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, "0")}`;
  const rows = readOr("", () => readFileSync(table, "utf8"))
    .split("\n")
    .map((line) => line.trim().split(/\s+/));
  return rows.filter(([, local, , state]) => local?.endsWith(suffix) && state === "0A").map((row) => row[9] ?? "");
}

function socketInodes(pid: string): string[] {
  const descriptors = readOr<string[]>([], () => readdirSync(`/proc/${pid}/fd`));
  return descriptors.flatMap((descriptor) => {
    const target = readOr("", () => readlinkSync(`/proc/${pid}/fd/${descriptor}`));
    return /^socket:\[(\d+)\]$/.exec(target)?.[1] ?? [];
  });
}

/** Processes and their descriptors come and go while they are read. */
function readOr<Value>(otherwise: Value, read: () => Value): Value {
  try {
    return read();
  } catch {
    return otherwise;
  }
}
