import { existsSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { buildSync } from "esbuild";

/**
 * A script of the test folder in one file of a folder: where many processes are started, reading a
 * hundred sources each time would be most of the work.
 */
export function bundledScript(script: URL, folder: string): URL {
  const outfile = join(folder, `${basename(script.pathname, ".ts")}.mjs`);
  if (!existsSync(outfile)) {
    const js = 'import{createRequire}from"node:module";const require=createRequire(import.meta.url);';
    const external = ["pg-native", "@aws-sdk/*"];
    const entryPoints = [fileURLToPath(script)];
    buildSync({ entryPoints, outfile, bundle: true, format: "esm", platform: "node", target: "node24", external, banner: { js } });
  }
  return pathToFileURL(outfile);
}
