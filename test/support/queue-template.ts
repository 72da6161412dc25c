import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "../../infra/build.ts";

/** The lines of docs/queues.md for serverless.yml, in the order of the page. */
const [FUNCTION, VARIABLE, RESOURCE] = [...readFileSync(join(ROOT, "docs/queues.md"), "utf8").matchAll(/```yaml\n(.*?)```/gs)].map(
  ([, lines]) => lines!,
);

const indented = (lines = "", by: number) => lines.replaceAll(/^(?=.)/gm, " ".repeat(by));

/** What docs/queues.md says to change in serverless.yml. */
export function addHeavyPoller(text: string): string {
  return text
    .replace("\n  maintain:", () => `\n${indented(FUNCTION, 2)}\n  maintain:`)
    .replace("\n    NODE_OPTIONS:", () => `\n${indented(VARIABLE, 4)}    NODE_OPTIONS:`)
    .replace("\n  - ${file(infra/alarms.yml)}", () => `\n  - \${file(infra/alarms.yml)}\n${indented(RESOURCE, 2)}`);
}
