import { cpSync, rmSync, writeFileSync } from "node:fs";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { build, stop } from "esbuild";
import type { Driver } from "../shared/db/connect.ts";
import { COMMON } from "./build.ts";
import { ROOT } from "./root.ts";
import { queriesModule } from "./build/inline-queries.ts";

/** Where the package is compiled to, with the folders of the sources. */
export const PACKAGE = join(ROOT, "dist/package");

/** The SQL that the package carries; the rest of `sql/` is for who works on it. */
const SQL = ["functions", "migrations", "queries", "views", "grants.sql", "invariants.sql", "retired.sql", "roles.sql"];

/** The sources could not be compiled. */
export class CompilationError extends Error {
  override readonly name = "CompilationError";

  constructor(output: string) {
    super(`The package could not be compiled: ${output.trim()}`);
  }
}

/**
 * Compiles what is published: the doors and what they need, as ES modules with their types, the
 * SQL, and two modules that hold as text what the sources read from files, so that a bundler of a
 * user's finds everything in one place.
 */
export async function compilePackage(): Promise<void> {
  rmSync(PACKAGE, { recursive: true, force: true });
  compile();
  for (const part of SQL) cpSync(join(ROOT, "sql", part), join(PACKAGE, "sql", part), { recursive: true });
  writeFileSync(join(PACKAGE, "shared/db/read-query.js"), queriesModule(ROOT));
  for (const driver of ["neon", "pg"] as const) writeFileSync(threadFile(driver), await threadModule(driver));
  writeFileSync(join(PACKAGE, "shared/lambda/start-thread.js"), START_THREAD);
  await stop();
}

function compile(): void {
  const program = join(ROOT, "node_modules/typescript/bin/tsc");
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, "-p", "tsconfig.dist.json"], { cwd: ROOT, encoding: "utf8" });
  if (status !== 0) throw new CompilationError(stdout + stderr);
}

const threadFile = (driver: Driver) => join(PACKAGE, `shared/lambda/thread-${driver}.js`);

/** The heartbeat's thread with the driver that it needs, as text: a thread reads no bundle. */
async function threadModule(driver: Driver): Promise<string> {
  const { outputFiles } = await build({
    ...COMMON,
    entryPoints: [join(ROOT, "shared/lambda/heartbeat-thread.ts")],
    define: { "process.env.BATON_BUNDLED_DRIVER": JSON.stringify(driver) },
    format: "cjs",
    target: "node20",
    banner: {},
    sourcemap: false,
    write: false,
  });
  return `export const program = ${JSON.stringify(outputFiles[0]!.text)};\n`;
}

// A bundler that replaces BATON_BUNDLED_DRIVER by a constant leaves the other program out.
const START_THREAD = `import { Worker } from "node:worker_threads";
import { program as neon } from "./thread-neon.js";
import { program as pg } from "./thread-pg.js";

export function startThread(driver, options) {
  if (process.env["BATON_BUNDLED_DRIVER"] === "neon") return new Worker(neon, { ...options, eval: true });
  if (process.env["BATON_BUNDLED_DRIVER"] === "pg") return new Worker(pg, { ...options, eval: true });
  return new Worker(driver === "pg" ? pg : neon, { ...options, eval: true });
}
`;

if (import.meta.main) {
  compilePackage().catch((error: unknown) => {
    console.error((error as Error).message);
    process.exitCode = 1;
  });
}
