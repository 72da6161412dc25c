import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { CommandError, EXIT } from "../cli/exit-codes.ts";

/** An entry as Node can load it. */
export interface Bundle {
  readonly module: string;
  /** The files that it was made of; undefined where nobody has read its imports. */
  readonly inputs: readonly string[] | undefined;
}

/** What is used of esbuild, which is the project's own. */
interface Bundler {
  build(options: object): Promise<{ readonly metafile: { readonly inputs: object } }>;
}

/** What esbuild says of a mistake; columns count from 0. */
interface BuildMistake {
  readonly text: string;
  readonly location: { readonly file: string; readonly line: number; readonly column: number } | null;
}

/**
 * The entry as a module that Node can load: as it is where it is JavaScript, else bundled by the
 * project's own esbuild, its packages left where they are.
 *
 * Throws a sentence where it is TypeScript and there is no esbuild, or where it does not build.
 */
export async function bundleEntry(entry: string, folder: string): Promise<Bundle> {
  if (/\.[cm]?js$/.test(entry)) return { module: entry, inputs: undefined };
  const bundler = await findBundler(entry);
  const outfile = join(folder, "entry.mjs");
  const { metafile } = await bundler
    .build({
      entryPoints: [entry],
      outfile,
      bundle: true,
      packages: "external",
      format: "esm",
      platform: "node",
      sourcemap: "inline",
      metafile: true,
      logLevel: "silent",
    })
    .catch((cause: unknown) => {
      throw new CommandError(EXIT.failure, `The service does not build: ${mistakesOf(cause)}`, { cause });
    });
  return { module: outfile, inputs: Object.keys(metafile.inputs).map((input) => resolve(input)) };
}

/** Each with its place, as an editor understands it. */
function mistakesOf(cause: unknown): string {
  const { errors = [], message } = cause as Error & { errors?: readonly BuildMistake[] };
  const lines = errors.map(({ text, location }) =>
    location === null ? text : `${location.file}:${location.line}:${location.column + 1}: ${text}`,
  );
  return lines.join("\n") || message;
}

async function findBundler(entry: string): Promise<Bundler> {
  try {
    return (await import(pathToFileURL(createRequire(entry).resolve("esbuild")).href)) as Bundler;
  } catch (cause) {
    throw new CommandError(EXIT.failure, "dev bundles TypeScript with esbuild, which is not installed: npm install --save-dev esbuild.", {
      cause,
    });
  }
}
