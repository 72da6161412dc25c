import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "../../root.ts";

/** Where a resource of the template is written. */
export interface Place {
  readonly file: string;
  /** What the statements of a role's policies are indented by. */
  readonly indent: string;
}

/** What stands before a statement of a role's policies, where the file does not show it. */
const USUAL_INDENT = " ".repeat(14);

/** The file that a resource is in; what is in no fragment was made from serverless.yml. */
export function placeOf(id: string): Place {
  const fragments = readdirSync(join(ROOT, "infra")).filter((name) => name.endsWith(".yml"));
  for (const file of ["serverless.yml", ...fragments.map((name) => `infra/${name}`)]) {
    const [, resource] = readFileSync(join(ROOT, file), "utf8").split(`\n  ${id}:\n`);
    if (resource === undefined) continue;
    const [own = ""] = resource.split(/\n {0,2}\w/);
    const [, indent = USUAL_INDENT] = /\n +Policies:\n[^]*?\n +Statement:\n( *)- /.exec(`\n${own}`) ?? [];
    return { file, indent };
  }
  return { file: "serverless.yml", indent: USUAL_INDENT };
}

/** A part of the template, such as `PollQueueRole.Policies[0]`, with the file of its resource. */
export function located(part: string): string {
  return `${part} in ${placeOf(part.split(".")[0]!).file}`;
}
