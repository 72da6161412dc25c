import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { stop } from "esbuild";
import { buildFunctions, SERVERLESS, type BuildOptions, type Bundle } from "../../build.ts";
import { ROOT } from "../../root.ts";

/** `serverless package` refused serverless.yml. */
export class SynthesisError extends Error {
  override readonly name = "SynthesisError";
}

/**
 * The service as it would be deployed: its CloudFormation template, and the bundles below `folder`.
 */
export interface Package {
  readonly folder: string;
  readonly templateFile: string;
  readonly bundles: readonly Bundle[];
}

export interface SynthesisOptions extends Omit<BuildOptions, "outdir"> {
  /** Default: dev. */
  readonly stage?: string;
  /** Another name than the one under `service:`. */
  readonly service?: string;
  /** What somebody has changed in serverless.yml. */
  readonly edit?: (text: string) => string;
}

/**
 * Builds the functions and synthesises the template of a stage in a folder of its own, offline and
 * without credentials.
 *
 * The bundles are always built (a fraction of a second); the template only when serverless.yml, a
 * fragment, or a variable of the environment that one of them asks for changed.
 */
export async function synthesise(folder: string, options: SynthesisOptions): Promise<Package> {
  const inputs = ["serverless.yml", ...fragments()];
  mkdirSync(join(folder, "infra"), { recursive: true });
  // Written and not copied: a copy would be as readable to others as the original.
  for (const input of inputs) writeFileSync(join(folder, input), readFileSync(join(ROOT, input)));
  const { driver, stage = "dev", service, edit } = options;
  if (service !== undefined) rename(join(folder, "serverless.yml"), service);
  if (edit !== undefined) change(join(folder, "serverless.yml"), edit);
  const { functions: bundles } = await buildFunctions({ ...options, outdir: join(folder, "dist/functions") });
  // The bundler's own process is not needed any longer.
  await stop();
  const templateFile = join(folder, ".serverless/cloudformation-template-update-stack.json");
  const digest = digestOf(
    [...inputs, "package-lock.json"],
    JSON.stringify([driver, stage, service, edit && String(edit), variablesIn(inputs)]),
  );
  const digestFile = join(folder, "template.sha256");
  if (!existsSync(templateFile) || !existsSync(digestFile) || readFileSync(digestFile, "utf8") !== digest) {
    rmSync(digestFile, { force: true });
    await runServerless(folder, driver, stage);
    writeFileSync(digestFile, digest);
  }
  return { folder, templateFile, bundles };
}

function rename(file: string, service: string): void {
  change(file, (text) => text.replace(/^service: \S+/m, `service: ${service}`));
}

function change(file: string, edit: (text: string) => string): void {
  writeFileSync(file, edit(readFileSync(file, "utf8")));
}

function fragments(): string[] {
  return readdirSync(join(ROOT, "infra"))
    .filter((name) => name.endsWith(".yml"))
    .map((name) => `infra/${name}`);
}

/** The values of `${env:…}`, which stand in the template as they were when it was made. */
function variablesIn(files: readonly string[]): (readonly [name: string, value: string | null])[] {
  const texts = files.map((file) => readFileSync(join(ROOT, file), "utf8"));
  const names = texts.flatMap((text) => [...text.matchAll(/\benv:\s*(\w+)/g)].map(([, name]) => name!));
  return [...new Set(names)].sort().map((name) => [name, process.env[name] ?? null]);
}

function digestOf(files: readonly string[], choices: string): string {
  const hash = createHash("sha256").update(choices);
  for (const file of files) hash.update(file).update(readFileSync(join(ROOT, file)));
  return hash.digest("hex");
}

async function runServerless(folder: string, driver: string, stage: string): Promise<void> {
  const env = { ...process.env, BATON_DRIVER: driver, FORCE_COLOR: "0" };
  const child = spawn(process.execPath, [SERVERLESS, "package", "--stage", stage], { cwd: folder, env, stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", (text: string) => (output += text));
  const [code] = (await once(child, "close")) as [number | null];
  if (code !== 0) throw new SynthesisError(`serverless.yml was refused: ${output.trim()}`);
}
