import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { driverOf, filesFor, languageOf, missingForDev, missingPackages } from "../init/files.ts";
import { snippetFor } from "../init/snippets.ts";
import { detectTool } from "../init/tools.ts";
import { print, tell } from "./context.ts";
import { CommandError, EXIT } from "./exit-codes.ts";

interface PackageFile {
  readonly type?: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
}

/**
 * `init`: writes one workflow and one entry file into an existing project, and prints what is to be
 * added to its infrastructure. Changes no other file, and overwrites none.
 */
export async function initProject(folder: string): Promise<void> {
  const facts = readPackageFile(folder);
  const tool = detectTool(readdirSync(folder));
  const tsconfig = join(folder, "tsconfig.json");
  const language = languageOf({
    tsconfig: existsSync(tsconfig) ? readFileSync(tsconfig, "utf8") : undefined,
    isModule: facts.type === "module",
  });
  const files = filesFor(tool, language);
  writeAll(folder, files);
  const installed = Object.keys({ ...facts.dependencies, ...facts.devDependencies });
  const [missing, forDev] = [missingPackages(tool, installed), missingForDev(language, installed)];
  for (const name of Object.keys(files)) tell(`wrote ${name}`);
  if (missing.length > 0) tell(`\nInstall what is missing:\n  npm install ${missing.join(" ")}`);
  if (forDev.length > 0)
    tell(`${missing.length > 0 ? "" : "\nInstall what is missing:\n"}  npm install --save-dev ${forDev.join(" ")}   # for pgbaton dev`);
  const { place, text, isTested } = snippetFor(tool, { ...language, driver: driverOf(installed) });
  tell(`\nAdd this to ${place}${isTested ? "" : " (written by the docs of the tool, not run by Baton's tests)"}:\n`);
  print(text);
  tell(`Then try it:\n  npx pgbaton dev\n  npx pgbaton trigger greet --data '{"name":"Ada"}' --wait   # in another terminal`);
}

function readPackageFile(folder: string): PackageFile {
  try {
    return JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as PackageFile;
  } catch (cause) {
    throw new CommandError(EXIT.usage, "There is no package.json here that can be read: run this in the folder of your service.", {
      cause,
    });
  }
}

function writeAll(folder: string, files: Readonly<Record<string, string>>): void {
  const there = Object.keys(files).filter((name) => existsSync(join(folder, name)));
  if (there.length > 0)
    throw new CommandError(EXIT.failure, `${there.join(" and ")} ${there.length > 1 ? "are" : "is"} there already: nothing was written.`);
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text, { flag: "wx" });
  }
}
