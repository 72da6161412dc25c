import { randomBytes } from "node:crypto";
import { withClient } from "../migrate/connection.ts";
import { findNames } from "../migrate/find-names.ts";
import { BUNDLES, createLogin, groupOf } from "../migrate/logins.ts";
import { newTicketKey } from "../keys/ticket-key.ts";
import type { GroupRole } from "../migrate/names.ts";
import { confirm, placeOf, print, tell } from "./context.ts";
import { loadOptional, type StageOptions, stageOf } from "./stage.ts";

/** The flags of `logins`. */
export interface LoginFlags extends StageOptions {
  readonly functionsHost?: string;
  readonly rotate?: boolean;
  readonly yes?: boolean;
}

/**
 * `logins`: a login for each function with a password of its own, its connection string as a
 * SecureString, a ticket key, and an API key for an operator; what is there already stays, and
 * `--rotate` replaces passwords alone. It prints what it did, and of all secrets only the new API
 * key, alone on standard output.
 */
export async function makeLogins(flags: LoginFlags): Promise<void> {
  const { url, schema, service, stage, region } = await stageOf(flags);
  const { ParameterStore, StoredKeys } = await loadAws();
  const where = `/${service}/${stage}`;
  await confirm(`Logins of ${placeOf(url)}, and SSM parameters below ${where} in ${region}`, flags.yes ?? false);
  const store = new ParameterStore(region);
  const names = await withClient(url, (client) => findNames(client, { schema, service }));
  for (const bundle of BUNDLES) {
    const parameter = `${where}/${bundle}/database-url`;
    const name = loginName(service, stage, bundle);
    tell(await ensureLogin({ url, flags, name, memberOf: groupOf(bundle, names), parameter, store }));
  }
  tell(await ensureTicketKeys(store, `${where}/ticket-keys`));
  await ensureKey(new StoredKeys(store.client, `${where}/api-keys`));
}

async function loadAws() {
  const sentence = "logins needs the AWS SDK: npm install --save-dev @aws-sdk/client-ssm.";
  const [store, keys] = await loadOptional(sentence, () => Promise.all([import("./parameter-store.ts"), import("../keys/stored-keys.ts")]));
  return { ...store, ...keys };
}

/** Never replaced: with the old one, all links and tokens that are out would go. */
async function ensureTicketKeys(store: LoginToMake["store"], parameter: string): Promise<string> {
  if (await store.has(parameter)) return `kept     the ticket keys in ${parameter}`;
  await store.put(parameter, newTicketKey());
  return `made     a ticket key, which signs links and tokens, in ${parameter}`;
}

interface LoginToMake {
  readonly url: string;
  readonly flags: LoginFlags;
  readonly name: string;
  readonly memberOf: GroupRole;
  readonly parameter: string;
  readonly store: { has(name: string): Promise<boolean>; put(name: string, value: string): Promise<void> };
}

/** A login without its parameter is of no use, so it gets a new password with it. */
async function ensureLogin({ url, flags, name, memberOf, parameter, store }: LoginToMake): Promise<string> {
  if (!flags.rotate && (await hasRole(url, name)) && (await store.has(parameter))) return `kept     ${name}, whose URL is in ${parameter}`;
  const password = randomBytes(24).toString("base64url");
  await createLogin({ url, name, password, memberOf });
  await store.put(parameter, urlFor(url, name, password, flags.functionsHost));
  return `made     ${name} in ${memberOf}; its URL is in ${parameter}`;
}

/** Roles belong to the whole server, where other services and stages may have theirs. */
function loginName(service: string, stage: string, bundle: string): string {
  return [service, stage, bundle].join("_").replaceAll("-", "_").toLowerCase();
}

async function hasRole(url: string, name: string): Promise<boolean> {
  return withClient(
    url,
    async (client) => (await client.query("select from pg_catalog.pg_roles where rolname = $1", [name])).rows.length > 0,
  );
}

function urlFor(url: string, name: string, password: string, host: string | undefined): string {
  const made = new URL(url);
  made.username = name;
  made.password = password;
  if (host !== undefined) made.host = host;
  return made.href;
}

async function ensureKey(keys: { list(): Promise<readonly { name: string }[]>; add(name: string, role: "operator"): Promise<string> }) {
  const known = await keys.list();
  if (known.length > 0) return tell(`kept     the API keys of ${known.map(({ name }) => name).join(", ")}`);
  const key = await keys.add("first", "operator");
  tell("made     an API key with the name first, for an operator. Only its digest is kept, so take it now:");
  print(key);
}
