import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "../../infra/build.ts";

/** A command of a page that calls `aws`, as it stands there. */
export interface Command {
  readonly page: string;
  readonly text: string;
}

/** What stands for something of the reader's own, and what a test gives for it. */
const PLACEHOLDERS: Readonly<Record<string, string>> = {
  "<account>": "123456789012",
  "<owner>@<owner-id>/<repository>@<repository-id>": "octo-org@123456/shop@456789",
};

/** Pages, and the programs that tell people what to type. */
const SOURCES = ["*.md", "docs/**/*.md", "infra/**/*.ts"];

/** All of them: in blocks of shell, in code within a line, and in sentences that programs print. */
export function awsCommands(): Command[] {
  return globSync(SOURCES, { cwd: ROOT })
    .sort()
    .flatMap((page) => {
      const text = readFileSync(join(ROOT, page), "utf8");
      const blocks = [...text.matchAll(/^```sh\n(.*?)^```$/gms)].flatMap(([, block = ""]) => commandsIn(block));
      const inline = [...text.matchAll(/`(aws [a-z][^`\n]*)`/g)].map(([, command = ""]) => command);
      return [...blocks, ...inline].filter((command) => /\baws [a-z]/.test(command)).map((command) => ({ page, text: command }));
    });
}

/** A command goes on after a backslash, in a loop, or where it asks for what the next one needs. */
function commandsIn(block: string): string[] {
  const commands: string[] = [];
  let open = "";
  for (const line of block.trimEnd().split("\n")) {
    open += `${line}\n`;
    const goesOn = line.endsWith("\\") || (open.startsWith("for ") && !line.startsWith("done")) || /\bread -rs \w+$/.test(line);
    if (goesOn) continue;
    commands.push(open.trimEnd());
    open = "";
  }
  return commands;
}

/** The command with something in place of each placeholder. Throws for one that is not known. */
export function filled({ page, text }: Command): string {
  let whole = text;
  for (const [placeholder, value] of Object.entries(PLACEHOLDERS)) whole = whole.replaceAll(placeholder, value);
  const left = /<[\w -]+>|…|\$\{\w+\}/.exec(whole);
  if (left !== null) throw new Error(`${page} has "${left[0]}" in "${text}": write it out, or say in PLACEHOLDERS what stands for it.`);
  return whole;
}

/** The line of docs/deploy.md that says where all of its commands go. */
export function exportedFirst(): string {
  return /^export STAGE=.*$/m.exec(readFileSync(join(ROOT, "docs/deploy.md"), "utf8"))![0];
}
