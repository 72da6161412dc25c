import { globSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { type Bundle, ROOT } from "../../infra/build.ts";

/** A command of the AWS SDK that a source file names. */
export interface Command {
  readonly file: string;
  /** `@aws-sdk/client-ssm`. */
  readonly client: string;
  /** `GetParameterCommand`. */
  readonly name: string;
}

/** The SDK is used in a way that this test cannot read. */
export class UnreadableUseError extends Error {
  override readonly name = "UnreadableUseError";
}

/** `{ A, B } = import("@aws-sdk/…")`, or `import { A, B } from "@aws-sdk/…"`, minified too. */
const TAKEN = /\{([^{}]*)\}\s*(?:=\s*await import\(\s*|from\s*)["'](@aws-sdk\/[\w-]+)["']/g;
const MENTIONED = /["'](@(?:aws-sdk|smithy)\/[\w-]+|aws-sdk)["']/g;

/**
 * The commands that a bundle can send, each with the source file that names it. What its sources
 * name and its minifier left out is not among them.
 */
export function commandsOf(bundle: Bundle): Command[] {
  const sent = new Set(commandsInBundle(bundle));
  const sources = bundle.inputs.filter((input) => input.endsWith(".ts"));
  const named = sources.flatMap((file) => commandsIn(file, readFileSync(join(ROOT, file), "utf8"))).filter(({ name }) => sent.has(name));
  const unknown = [...sent].filter((name) => named.every((command) => command.name !== name));
  if (unknown.length > 0)
    throw new UnreadableUseError(`The bundle ${bundle.name} sends ${unknown.join(", ")}, which no source of ours names.`);
  return named;
}

/** Its thread, which runs beside it in the same function, is a file of its own. */
function commandsInBundle({ name, file }: Bundle): string[] {
  const files = globSync(`${name}{,.*}.mjs`, { cwd: dirname(file) });
  return files.flatMap((each) => commandsIn(each, readFileSync(join(dirname(file), each), "utf8"))).map((command) => command.name);
}

function commandsIn(file: string, text: string): Command[] {
  const taken = [...text.matchAll(TAKEN)];
  const mentioned = [...text.replaceAll(/^import type .*$/gm, "").matchAll(MENTIONED)];
  const advice = "Take its client and its commands by their names, from one import, so that each can have a row in test/iam/calls.ts.";
  if (taken.length !== mentioned.length) throw new UnreadableUseError(`${file} uses the AWS SDK in another way than this. ${advice}`);
  return taken.flatMap(([, names = "", client = ""]) => commandsAmong(file, client, names.split(",").map(nameOf).filter(Boolean), advice));
}

function commandsAmong(file: string, client: string, names: readonly string[], advice: string): Command[] {
  const strange = names.filter((name) => !/(Command|Client)$/.test(name));
  if (strange.length > 0) throw new UnreadableUseError(`${file} takes ${strange.join(", ")} from ${client}. ${advice}`);
  return names.filter((name) => name.endsWith("Command")).map((name) => ({ file, client, name }));
}

/** What is taken, whatever it is called after. */
function nameOf(binding: string): string {
  return binding
    .trim()
    .replace(/^type .*/, "")
    .split(/\s*:\s*|\s+as\s+/)[0]!;
}
