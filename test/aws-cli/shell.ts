import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "../../infra/build.ts";
import { projectFolder } from "../support/project-folder.ts";

export interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The AWS CLI is not there. */
export class AwsCliError extends Error {
  override readonly name = "AwsCliError";
}

const PROGRAMS = ["/usr/bin/aws", "/opt/homebrew/bin/aws", "/usr/local/bin/aws"];

/**
 * A folder for the PATH whose `aws` is the machine's, and goes to `endpoint` whatever it is asked.
 */
function shimFolder(endpoint: string): string {
  const program = PROGRAMS.find((path) => existsSync(path));
  if (program === undefined) throw new AwsCliError("The AWS CLI is not installed. Run: apt-get install awscli");
  const folder = projectFolder();
  writeFileSync(join(folder, "aws"), `#!/bin/sh\nexec ${program} --endpoint-url '${endpoint}' "$@"\n`);
  chmodSync(join(folder, "aws"), 0o755);
  return folder;
}

/**
 * Runs a command of the docs as it stands, in the project's folder, with nothing of this machine's
 * AWS.
 */
export function shellAt(endpoint: string): (command: string, input?: string) => Promise<Outcome> {
  const folder = shimFolder(endpoint);
  const env = {
    PATH: `${folder}:/usr/bin:/bin`,
    HOME: folder,
    LC_ALL: "C.UTF-8",
    AWS_ACCESS_KEY_ID: "test",
    AWS_SECRET_ACCESS_KEY: "test",
    AWS_CONFIG_FILE: "/dev/null",
    AWS_SHARED_CREDENTIALS_FILE: "/dev/null",
    AWS_EC2_METADATA_DISABLED: "true",
    AWS_MAX_ATTEMPTS: "1",
    AWS_PAGER: "",
  };
  return async (command, input = "") => {
    const child = spawn("bash", ["-c", `set -euo pipefail\n${command}`], { cwd: ROOT, env, stdio: ["pipe", "pipe", "pipe"] });
    const outcome = { code: null, stdout: "", stderr: "" } as { code: number | null; stdout: string; stderr: string };
    for (const stream of ["stdout", "stderr"] as const)
      child[stream].setEncoding("utf8").on("data", (text: string) => (outcome[stream] += text));
    child.stdin.end(input);
    [outcome.code] = (await once(child, "close")) as [number | null];
    return outcome;
  };
}
