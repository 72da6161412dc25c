import { randomBytes } from "node:crypto";
import { DeleteParameterCommand, PutParameterCommand, type SSMClient } from "@aws-sdk/client-ssm";
import pg from "pg";
import { StoredKeys } from "../keys/stored-keys.ts";
import { withClient } from "../migrate/connection.ts";
import { findNames } from "../migrate/find-names.ts";
import { BUNDLES, type Bundle, createLogin, groupOf } from "../migrate/logins.ts";
import { defaultNames, rename } from "../migrate/names.ts";
import type { Secrets } from "./checks.ts";
import { markTableFor } from "./workflows.ts";

const KEY_NAME = "acceptance";

export interface StageOptions {
  readonly service: string;
  readonly stage: string;
  /** Where the stage keeps its runs. */
  readonly schema: string;
  /** The owner of a database without Baton. */
  readonly ownerUrl: string;
  /** Where the functions reach that database; the owner's, but for user and password. */
  readonly functionsUrl: string;
  readonly ssm: SSMClient;
}

/**
 * What a stage needs beside its stack: logins, their parameters, a key. It removes what it made.
 */
export class Stage implements Secrets {
  readonly #options: StageOptions;
  readonly #keys: StoredKeys;
  /** Those that a migration made. */
  #names = defaultNames;
  readonly #made: (() => Promise<unknown>)[] = [];

  constructor(options: StageOptions) {
    this.#options = options;
    this.#keys = new StoredKeys(options.ssm, this.#parameterOf("api-keys"));
  }

  /** After a migration has made the groups. Resolves with an operator's key. */
  async make(): Promise<string> {
    this.#names = await withClient(this.#options.ownerUrl, async (client) => {
      const names = await findNames(client, this.#options);
      await client.query(markTableFor(rename("baton_poller", names)));
      return names;
    });
    for (const bundle of BUNDLES) {
      this.#made.push(
        () => this.#removeParameter(`${bundle}/database-url`),
        () => this.#dropLogin(bundle),
      );
      await this.#setPassword(bundle);
    }
    this.#made.push(
      () => this.#removeParameter("api-keys"),
      () => this.#removeParameter("next-wake"),
    );
    return this.addKey();
  }

  async rotatePasswords(): Promise<void> {
    for (const bundle of BUNDLES) await this.#setPassword(bundle);
  }

  addKey(): Promise<string> {
    return this.#keys.add(KEY_NAME, "operator");
  }

  async removeOldKey(): Promise<void> {
    const [old] = await this.#keys.list();
    await this.#keys.remove(KEY_NAME, old!.digest.toString("hex"));
  }

  /** Goes on past what cannot be removed, and resolves with what that was. */
  async remove(): Promise<string[]> {
    const left: string[] = [];
    for (const undo of this.#made.toReversed()) await undo().catch((thrown: unknown) => void left.push((thrown as Error).message));
    return left;
  }

  async #setPassword(bundle: Bundle): Promise<void> {
    const password = randomBytes(24).toString("base64url");
    const name = this.#loginOf(bundle);
    await createLogin({ url: this.#options.ownerUrl, name, password, memberOf: groupOf(bundle, this.#names) });
    const url = Object.assign(new URL(this.#options.functionsUrl), { username: name, password });
    const parameter = { Name: this.#parameterOf(`${bundle}/database-url`), Value: url.href, Type: "SecureString" as const };
    await this.#options.ssm.send(new PutParameterCommand({ ...parameter, Overwrite: true }));
  }

  async #dropLogin(bundle: Bundle): Promise<void> {
    await withClient(this.#options.ownerUrl, (client) => client.query(`drop role ${pg.escapeIdentifier(this.#loginOf(bundle))}`));
  }

  async #removeParameter(name: string): Promise<void> {
    const gone = (thrown: unknown) => {
      if ((thrown as Error).name !== "ParameterNotFound") throw thrown;
    };
    await this.#options.ssm.send(new DeleteParameterCommand({ Name: this.#parameterOf(name) })).catch(gone);
  }

  #loginOf(bundle: Bundle): string {
    const { service, stage } = this.#options;
    return `${service}_${stage}_${bundle}`.replaceAll("-", "_");
  }

  #parameterOf(name: string): string {
    return `/${this.#options.service}/${this.#options.stage}/${name}`;
  }
}

/** The schemas of a database, without those of Postgres itself. */
export async function schemasIn(url: string): Promise<string[]> {
  const text = "select nspname::text as name from pg_namespace where nspname !~ '^pg_' and nspname <> 'information_schema'";
  return withClient(url, async (client) => (await client.query<{ name: string }>(text)).rows.map(({ name }) => name));
}

/** Drops the schemas that were not there before. */
export async function dropNewSchemas(url: string, before: readonly string[]): Promise<void> {
  for (const name of (await schemasIn(url)).filter((each) => !before.includes(each)))
    await withClient(url, (client) => client.query(`drop schema ${pg.escapeIdentifier(name)} cascade`));
}
