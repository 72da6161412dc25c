import { fileURLToPath } from "node:url";
import { afterAll } from "vitest";
import { buildFunctions } from "../../../infra/build.ts";
import { projectFolder } from "../project-folder.ts";
import { LambdaInstance } from "./instance.ts";

/** Built bundles, each of which can have any number of instances. */
export interface Deployed {
  /** The folder of the bundles. */
  readonly taskRoot: string;
  /**
   * A cold start of the bundle of this name. Default timeout: 300 seconds, as in `serverless.yml`.
   * Killed at the end of the test file at the latest.
   */
  readonly start: (functionName: string, env: Readonly<Record<string, string>>, timeoutMs?: number) => Promise<LambdaInstance>;
}

/** The workflows of the tests, in place of the service's. */
const WORKFLOWS = fileURLToPath(new URL("../workflows.ts", import.meta.url));

/**
 * Builds the functions as they are deployed, with the Neon driver; workflows: a file with others
 * than those of most tests.
 */
export async function deployBundles(workflows = WORKFLOWS): Promise<Deployed> {
  const taskRoot = projectFolder();
  await buildFunctions({ driver: "neon", outdir: taskRoot, workflows });
  return startable(taskRoot);
}

/** Instances of the bundles in a folder. */
export function startable(taskRoot: string): Deployed {
  const instances: LambdaInstance[] = [];
  afterAll(async () => void (await Promise.all(instances.map((instance) => instance.kill()))));
  return {
    taskRoot,
    start: async (functionName, env, timeoutMs = 300_000) => {
      const instance = await LambdaInstance.start({ functionName, taskRoot, env, timeoutMs });
      instances.push(instance);
      return instance;
    },
  };
}
