import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";
import { ROOT } from "../../infra/build.ts";
import { until } from "./until.ts";

/**
 * A folder that goes with the test file; the packages of the project lie beside it, so that a
 * bundle finds the AWS SDK, which the runtime has on Lambda.
 */
export function projectFolder(): string {
  const folder = mkdtempSync(join(projects(), "test-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/**
 * What one test file makes in a folder like that, for all files of a run to look at: the first that
 * asks makes it, and who asks meanwhile waits. Its description must be JSON.
 */
export async function madeOnce<Made>(name: string, make: (folder: string) => Promise<Made>): Promise<Made> {
  const folder = join(projects(), name);
  const description = `${folder}.json`;
  let mine = false;
  await until(`another test file has made ${name}`, () => existsSync(description) || (mine = isFirst(() => mkdirSync(folder))));
  if (mine) {
    try {
      writeFileSync(`${description}.new`, JSON.stringify(await make(folder)));
      renameSync(`${description}.new`, description);
    } catch (error) {
      // The next one says itself why it cannot be made.
      rmSync(folder, { recursive: true, force: true });
      throw error;
    }
  }
  return JSON.parse(readFileSync(description, "utf8")) as Made;
}

function projects(): string {
  const folder = join(tmpdir(), "projects");
  mkdirSync(folder, { recursive: true });
  isFirst(() => symlinkSync(join(ROOT, "node_modules"), join(folder, "node_modules")));
  return folder;
}

/** Makes something, and says whether it was not there. */
function isFirst(make: () => void): boolean {
  try {
    make();
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}
