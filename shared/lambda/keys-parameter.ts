import { readParameter } from "../db/ssm-parameter.ts";
import { type ApiKey, ApiKeysError, parseApiKeys } from "./api-key.ts";
import { parseTicketKeys, TicketKeysError } from "./ticket-keys.ts";
import type { TicketKeys } from "../engine/tickets.ts";

/** Keys that an SSM parameter holds. */
interface Kind<Keys> {
  readonly what: string;
  readonly parse: (text: string) => Keys;
  readonly Refusal: new (message: string) => Error;
  /** What makes the first one. */
  readonly advice: string;
}

const apiKeys: Kind<readonly ApiKey[]> = {
  what: "API keys",
  parse: parseApiKeys,
  Refusal: ApiKeysError,
  advice: "make a key with pgbaton logins, or npm run keys in a clone of the repository",
};

const ticketKeys: Kind<TicketKeys> = {
  what: "ticket keys",
  parse: parseTicketKeys,
  Refusal: TicketKeysError,
  advice: "make it with pgbaton logins, or as docs/deploy.md says",
};

/**
 * Fetches the API keys from an SSM parameter, a SecureString or a String, such as
 * `/baton/prod/api-keys`.
 *
 * It throws ApiKeysError where SSM's answer gives no keys, and what the SDK throws where there is
 * none.
 */
export function keysParameter(name: string): () => Promise<readonly ApiKey[]> {
  return async () => read(name, apiKeys);
}

/** The same of ticket keys, such as those of `/baton/prod/ticket-keys`; with TicketKeysError. */
export function ticketKeysParameter(name: string): () => Promise<TicketKeys> {
  return async () => read(name, ticketKeys);
}

async function read<Keys>(name: string, kind: Kind<Keys>): Promise<Keys> {
  const text = await readParameter(name, { maxAttempts: 2, timeoutMs: 2_000 }).catch((thrown: Error) => refuse(name, kind, thrown));
  try {
    return kind.parse(text);
  } catch (thrown) {
    throw new kind.Refusal(`The SSM parameter ${name} does not hold ${kind.what}: ${(thrown as Error).message}.`);
  }
}

function refuse(name: string, { Refusal, advice }: Kind<unknown>, thrown: Error): never {
  if (thrown.name === "ParameterNotFound") throw new Refusal(`There is no SSM parameter ${name}: ${advice}.`);
  if (thrown.name === "AccessDeniedException") throw new Refusal(`The SSM parameter ${name} may not be read: ${thrown.message}`);
  throw thrown;
}
