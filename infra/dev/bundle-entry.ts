import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { CommandError, EXIT } from "../cli/exit-codes.ts";

interface Bundler {
  build(options: object): Promise<unknown>;
}

/**
 * The entry as a module that Node can load: as it is where it is JavaScript, else bundled by the
 * project's own esbuild, its packages left where they are.
 *
 * Throws a sentence where it is TypeScript and there is no esbuild, or where it does not build.
 */
export async function bundleEntry(entry: string, folder: string): Promise<string> {
  if (/\.[cm]?js$/.test(entry)) return entry;
  const bundler = await findBundler(entry);
  const outfile = join(folder, "entry.mjs");
  await bundler
    .build({
      entryPoints: [entry],
      outfile,
      bundle: true,
      packages: "external",
      format: "esm",
      platform: "node",
      sourcemap: "inline",
      logLevel: "silent",
    })
    .catch((cause: unknown) => {
      throw new CommandError(EXIT.failure, `The service does not build: ${(cause as Error).message}`, { cause });
    });
  return outfile;
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
