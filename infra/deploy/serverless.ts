import { spawn } from "node:child_process";
import { once } from "node:events";
import { SERVERLESS } from "../build.ts";
import { ROOT } from "../root.ts";

/** The program that deploys ended with an error, which it has printed itself. */
export class ServerlessFailedError extends Error {
  override readonly name = "ServerlessFailedError";
  readonly exitCode: number;

  constructor(command: string, exitCode: number) {
    super(`serverless ${command} ended with exit code ${exitCode}`);
    this.exitCode = exitCode;
  }
}

export interface ServerlessOptions {
  readonly stage: string;
  /** Default: what serverless.yml says. */
  readonly region?: string | undefined;
  /** What its environment has besides ours. */
  readonly env?: Readonly<Record<string, string>>;
  /** What stands behind its stage and region. */
  readonly more?: readonly string[];
  /** The program, run by Node. Default: osls, of this project. */
  readonly program?: string;
}

/** Runs a command of serverless, which prints for itself. Throws ServerlessFailedError. */
export async function runServerless(command: "deploy" | "package" | "remove", options: ServerlessOptions): Promise<void> {
  const { stage, region, env = {}, more = [], program = SERVERLESS } = options;
  // The owner's connection string is nobody's business here.
  const { DATABASE_URL: _owner, ...inherited } = process.env;
  const where = region === undefined ? [] : ["--region", region];
  const child = spawn(process.execPath, [program, command, "--stage", stage, ...where, ...more], {
    cwd: ROOT,
    env: { ...inherited, ...(region !== undefined && { AWS_REGION: region }), ...env },
    stdio: "inherit",
  });
  const [code] = (await once(child, "close")) as [number | null];
  if (code !== 0) throw new ServerlessFailedError(command, code ?? 1);
}
