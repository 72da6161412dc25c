import { readParameter } from "../db/ssm-parameter.ts";
import { type ApiKey, ApiKeysError, parseApiKeys } from "./api-key.ts";

/**
 * Fetches the API keys from an SSM parameter, a SecureString or a String, such as
 * `/baton/prod/api-keys`.
 *
 * It throws ApiKeysError where SSM's answer gives no keys, and what the SDK throws where there is
 * none.
 */
export function keysParameter(name: string): () => Promise<readonly ApiKey[]> {
  return async () =>
    parse(name, await readParameter(name, { maxAttempts: 2, timeoutMs: 2_000 }).catch((thrown: Error) => refuse(name, thrown)));
}

function parse(name: string, text: string): readonly ApiKey[] {
  try {
    return parseApiKeys(text);
  } catch (thrown) {
    throw new ApiKeysError(`The SSM parameter ${name} does not hold API keys: ${(thrown as Error).message}.`);
  }
}

function refuse(name: string, thrown: Error): never {
  if (thrown.name === "ParameterNotFound")
    throw new ApiKeysError(
      `There is no SSM parameter ${name}: make a key with pgbaton logins, or npm run keys in a clone of the repository.`,
    );
  if (thrown.name === "AccessDeniedException") throw new ApiKeysError(`The SSM parameter ${name} may not be read: ${thrown.message}`);
  throw thrown;
}
