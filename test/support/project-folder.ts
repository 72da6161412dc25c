import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll } from "vitest";
import { ROOT } from "../../infra/build.ts";

/**
 * A folder that goes with the test file; below the project, so that a bundle finds the AWS SDK,
 * which the runtime has on Lambda.
 */
export function projectFolder(): string {
  mkdirSync(join(ROOT, ".baton"), { recursive: true });
  const folder = mkdtempSync(join(ROOT, ".baton/test-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
