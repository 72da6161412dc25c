import * as z from "zod";
import { schemaName, schemaNameRule } from "../db/schema-name.ts";
import { type ApiKey, sha256 } from "./api-key.ts";
import { queueSettings } from "./queues.ts";

/**
 * A setting of the function is missing or wrong; the message names each variable and what it takes,
 * never its value.
 */
export class ConfigurationError extends Error {
  override readonly name = "ConfigurationError";
}

/**
 * The name under `service:` in serverless.yml, as the logs and metrics of this process carry it.
 */
export function serviceName(env: NodeJS.ProcessEnv): string {
  return env["BATON_SERVICE"] || "baton";
}

/** Where there is no SSM: digests alone, each an operator's. */
const hashes = z
  .string()
  .default("")
  .transform((text) =>
    text
      .split(",")
      .map((hash) => hash.trim())
      .filter((hash) => hash !== ""),
  )
  .refine((list) => list.every((hash) => sha256.test(hash)), "give SHA-256 digests of API keys in hex, separated by commas")
  .transform((list): ApiKey[] => list.map((hash) => ({ name: "environment", role: "operator", digest: Buffer.from(hash, "hex") })));

/** A variable that names an SSM parameter. */
export const parameterSetting = z
  .string()
  .regex(/^\/[\w./-]+$/, "give it the name of an SSM parameter, from its first slash")
  .optional();

/**
 * What every function is told: where its database is, and whether the idle gate stands before it.
 */
export const commonSettings = {
  DATABASE_URL: z
    .string()
    .regex(/^postgres(ql)?:\/\//, "give it a Postgres connection string")
    .optional(),
  DATABASE_URL_PARAMETER: parameterSetting,
  BATON_DRIVER: z.enum(["neon", "pg"], { error: "it takes neon or pg" }).optional(),
  BATON_NEON_ENDPOINT: z.url({ error: "give it the URL of a local Neon endpoint" }).optional(),
  BATON_SCHEMA: z.string().regex(schemaName, schemaNameRule).optional(),
  BATON_STAGE: z.string().default("production"),
  BATON_IDLE_GATE: z.enum(["on", "off"], { error: "it takes on or off" }).default("off"),
  BATON_WAKE_PARAMETER: z.string().startsWith("/", "give it the name of an SSM parameter, from its first slash").optional(),
};

const environment = z.object({
  ...commonSettings,
  ...queueSettings,
  BATON_API_KEYS_PARAMETER: parameterSetting,
  BATON_API_KEY_HASHES: hashes,
  POLLER_FUNCTION_NAME: z.string().optional(),
  BATON_STACKS: z.enum(["on", "off"], { error: "it takes on or off" }).default("off"),
});

/**
 * What an HTTP function is told by its environment; where the database is, `defaultDatabase` reads
 * from it too.
 */
export type Config = ReturnType<typeof readConfig>;

/**
 * Reads and checks the settings of an HTTP function from its environment; an empty variable counts
 * as unset.
 *
 * @throws ConfigurationError
 */
export function readConfig(env: NodeJS.ProcessEnv) {
  const settings = readEnvironment(environment, env);
  return {
    service: serviceName(env),
    /**
     * Keys of the environment stand in for those of the parameter, as DATABASE_URL does for its
     * own.
     */
    apiKeys: settings.BATON_API_KEY_HASHES,
    apiKeysParameter: settings.BATON_API_KEY_HASHES.length === 0 ? settings.BATON_API_KEYS_PARAMETER : undefined,
    /** A stack tells of code and folders, so a stage has to say that it shows them. */
    showStacks: settings.BATON_STACKS === "on",
    pollerFunctionName: settings.POLLER_FUNCTION_NAME,
    /** The functions of pollers, by queue. */
    queues: settings.BATON_QUEUES,
    /** With the gate, runs for later need a nudge too: the poller publishes when they are due. */
    idleGate: settings.BATON_IDLE_GATE === "on",
    wakeParameter: settings.BATON_IDLE_GATE === "on" ? settings.BATON_WAKE_PARAMETER : undefined,
  } as const;
}

/** Checks an environment; an empty variable counts as unset. Throws ConfigurationError. */
export function readEnvironment<
  Schema extends z.ZodType<{ DATABASE_URL?: string | undefined; DATABASE_URL_PARAMETER?: string | undefined }>,
>(schema: Schema, env: NodeJS.ProcessEnv): z.output<Schema> {
  const parsed = schema.safeParse(Object.fromEntries(Object.entries(env).filter(([, value]) => value !== "")));
  const wrong = parsed.success ? [] : parsed.error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`);
  if (!env["DATABASE_URL"] && !env["DATABASE_URL_PARAMETER"])
    wrong.unshift("DATABASE_URL: give it a Postgres connection string, or DATABASE_URL_PARAMETER the SSM parameter that has it");
  if (wrong.length > 0) throw new ConfigurationError(wrong.join("; "));
  return parsed.data!;
}
