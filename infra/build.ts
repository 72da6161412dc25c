import { readdirSync, readFileSync, rmSync } from "node:fs";
import { basename, join } from "node:path";
import { parseArgs } from "node:util";
import { gzipSync } from "node:zlib";
import { build, type BuildOptions as EsbuildOptions, type Metafile } from "esbuild";
import type { Driver } from "../shared/db/connect.ts";
import { entryOf, functionsOf } from "./build/functions-of.ts";
import { inlineQueries } from "./build/inline-queries.ts";
import { LatePackages } from "./build/late-packages.ts";
import { reportOf } from "./build/report.ts";
import { explainArguments } from "./explain-arguments.ts";
import { ROOT } from "./root.ts";

export { ROOT } from "./root.ts";

export interface BuildOptions {
  /** The one database driver that the bundles carry. */
  readonly driver: Driver;
  /**
   * Where `<name>.mjs` and its source map go; emptied first. Default: `dist/functions` of this
   * project.
   */
  readonly outdir?: string;
  /** The functions' sources. Default: all of `functions/`. */
  readonly sources?: readonly string[];
  /**
   * A module whose `workflows` the functions are given in place of the service's own; `false`:
   * none, to see what Baton itself weighs.
   */
  readonly workflows?: string | false;
}

/** One built file; sizes in bytes, inputs are the source files that are in it. */
export interface Bundle {
  readonly name: string;
  readonly file: string;
  readonly bytes: number;
  readonly gzipped: number;
  readonly inputs: readonly string[];
}

/** What a build made: the functions, and the packages that handlers import where they need them. */
export interface Built {
  readonly functions: readonly Bundle[];
  readonly packages: readonly Bundle[];
}

/** The program that packages and deploys, to be run by Node. */
export const SERVERLESS = join(ROOT, "node_modules/serverless/bin/serverless.js");

/**
 * Parts of the drivers that are packed in CommonJS call `require`, which an ES module does not
 * have.
 */
const REQUIRE = 'import{createRequire as baton_require}from"node:module";const require=baton_require(import.meta.url);';

/**
 * Bundles each function into one minified ES module of its own, and each package that a handler
 * imports where it needs it into one beside the poller's. Throws when one does not build.
 */
export async function buildFunctions(options: BuildOptions): Promise<Built> {
  const { driver, outdir = join(ROOT, "dist/functions"), sources = functionSources(), workflows } = options;
  rmSync(outdir, { recursive: true, force: true });
  const late = new LatePackages(POLLER);
  const { metafile } = await build({
    ...COMMON,
    entryPoints: [...sources.map((source) => entryPoint(source, workflows)), ...threadsOf(sources)],
    outdir,
    metafile: true,
    define: {
      "process.env.BATON_BUNDLED_DRIVER": JSON.stringify(driver),
      "process.env.BATON_HEARTBEAT_THREAD": JSON.stringify(`./${THREAD}.mjs`),
    },
    plugins: [inlineQueries(ROOT), late.plugin, ...(workflows === undefined ? [] : [functionsOf(workflows, ROOT)])],
  });
  // Names are left as they are: they are 5 % of unpdf's zip, and took three quarters of the time.
  const minified = { minify: false, minifyWhitespace: true } as const;
  const packages = await build({ ...COMMON, ...minified, entryPoints: late.entryPoints, outdir, sourcemap: false, metafile: true });
  return { functions: bundlesIn(metafile), packages: bundlesIn(packages.metafile) };
}

/** What all bundles have in common. */
export const COMMON = {
  absWorkingDir: ROOT,
  bundle: true,
  minify: true,
  sourcemap: "linked",
  sourcesContent: false,
  format: "esm",
  // The package's own doors are its sources.
  conditions: ["pgbaton-source"],
  platform: "node",
  target: "node24",
  outExtension: { ".js": ".mjs" },
  // The runtime on Lambda has the AWS SDK.
  external: ["@aws-sdk/*"],
  loader: { ".sql": "text" },
  banner: { js: REQUIRE },
  logLevel: "silent",
} as const satisfies EsbuildOptions;

/**
 * The name of a function's bundle: its file's up to the trigger, since Lambda takes a handler apart
 * at the first dot.
 */
export function bundleName(source: string): string {
  return basename(source).replace(/\..*$/, "");
}

/** The function that runs handlers; its package has every file whose name begins so. */
const POLLER = "poll-queue";

/** The poller's thread for heartbeats, in a file of its own beside the bundle. */
const THREAD = `${POLLER}.heartbeat`;

function threadsOf(sources: readonly string[]): { in: string; out: string }[] {
  const isPoller = sources.some((source) => bundleName(source) === POLLER);
  return isPoller ? [{ in: join(ROOT, "shared/lambda/heartbeat-thread.ts"), out: THREAD }] : [];
}

function functionSources(): string[] {
  const folder = join(ROOT, "functions");
  return readdirSync(folder)
    .filter((name) => name.endsWith(".ts"))
    .map((name) => join(folder, name));
}

function bundlesIn({ outputs }: Metafile): Bundle[] {
  return Object.entries(outputs)
    .filter(([path]) => path.endsWith(".mjs") && !path.endsWith(`${THREAD}.mjs`))
    .map(([path, output]) => {
      const file = join(ROOT, path);
      const inputs = Object.entries(output.inputs).filter(([, { bytesInOutput }]) => bytesInOutput > 0);
      return {
        name: basename(path, ".mjs"),
        file,
        bytes: output.bytes,
        gzipped: gzipSync(readFileSync(file), { level: 9 }).length,
        inputs: inputs.map(([input]) => input),
      };
    });
}

function entryPoint(source: string, workflows: string | false | undefined): { in: string; out: string } {
  const out = bundleName(source);
  return { in: workflows === undefined ? source : entryOf(out), out };
}

/** The driver that BATON_DRIVER names; the one for Neon when it is not set. */
export function chosenDriver(env: NodeJS.ProcessEnv): Driver {
  const driver = env["BATON_DRIVER"] ?? "neon";
  if (driver !== "neon" && driver !== "pg") throw new Error(`BATON_DRIVER is "${driver}": it takes neon or pg`);
  return driver;
}

async function main(): Promise<void> {
  const options = { "without-examples": { type: "boolean", default: false } } as const;
  const { values } = explainArguments("Usage: npm run build [-- --without-examples]", () => parseArgs({ options }));
  const driver = chosenDriver(process.env);
  const { functions, packages } = await buildFunctions({ driver, ...(values["without-examples"] && { workflows: false as const }) });
  const bare = await buildFunctions({ driver, workflows: false, outdir: join(ROOT, "dist/without-examples") });
  console.log(`driver ${driver}`);
  console.table(reportOf([...functions, ...packages], bare.functions));
}

if (import.meta.main) {
  main().catch((error: unknown) => {
    console.error((error as Error).message);
    process.exitCode = 1;
  });
}
