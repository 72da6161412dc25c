import * as z from "zod";

/** A setting of the function is missing or wrong; the message names each variable and what it takes, never its value. */
export class ConfigurationError extends Error {
  override readonly name = "ConfigurationError";
}

const sha256 = /^[0-9a-fA-F]{64}$/;

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
  .transform((list) => list.map((hash) => Buffer.from(hash, "hex")));

const environment = z.object({
  DATABASE_URL: z
    .string({ error: "give it a Postgres connection string" })
    .regex(/^postgres(ql)?:\/\//, "give it a Postgres connection string"),
  BATON_DRIVER: z.enum(["neon", "pg"], { error: "it takes neon or pg" }).optional(),
  BATON_NEON_ENDPOINT: z.url({ error: "give it the URL of a local Neon endpoint" }).optional(),
  BATON_API_KEY_HASHES: hashes,
  BATON_STAGE: z.string().default("production"),
  POLLER_FUNCTION_NAME: z.string().optional(),
});

/** What an HTTP function is told by its environment; where the database is, `defaultDatabase` reads from it too. */
export type Config = ReturnType<typeof readConfig>;

/**
 * Reads and checks the settings of an HTTP function from its environment; an empty variable counts as unset.
 *
 * @throws ConfigurationError
 */
export function readConfig(env: NodeJS.ProcessEnv) {
  const set = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ""));
  const parsed = environment.safeParse(set);
  if (!parsed.success) {
    throw new ConfigurationError(parsed.error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`).join("; "));
  }
  const settings = parsed.data;
  return {
    apiKeyHashes: settings.BATON_API_KEY_HASHES,
    /** Only a stage that is not production shows stacks. */
    showStacks: !settings.BATON_STAGE.startsWith("prod"),
    pollerFunctionName: settings.POLLER_FUNCTION_NAME,
  } as const;
}
