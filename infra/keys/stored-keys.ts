import { randomBytes } from "node:crypto";
import { GetParameterCommand, PutParameterCommand, type SSMClient } from "@aws-sdk/client-ssm";
import { type ApiKey, digestOf, type KeyRole, parseApiKeys } from "../../shared/lambda/api-key.ts";

/** What SSM takes in a standard parameter, in characters. */
const LIMIT = 4_096;

/**
 * The API keys of one stage, as they are kept in its SSM parameter. Two people must not change them
 * in the same second.
 */
export class StoredKeys {
  readonly #client: SSMClient;
  readonly #parameter: string;

  constructor(client: SSMClient, parameter: string) {
    this.#client = client;
    this.#parameter = parameter;
  }

  /**
   * None where there is no parameter yet. Throws ApiKeysError for one that holds something else.
   */
  async list(): Promise<readonly ApiKey[]> {
    try {
      const { Parameter } = await this.#client.send(new GetParameterCommand({ Name: this.#parameter, WithDecryption: true }));
      return parseApiKeys(Parameter?.Value ?? "");
    } catch (thrown) {
      if ((thrown as Error).name === "ParameterNotFound") return [];
      throw thrown;
    }
  }

  /** Makes a key and stores its digest; returns the key, which is known nowhere else. */
  async add(name: string, role: KeyRole): Promise<string> {
    const key = randomBytes(24).toString("base64url");
    await this.#store([...(await this.list()), { name, role, digest: digestOf(key) }]);
    return key;
  }

  /**
   * Takes the key of a name out; digest: the beginning of its digest, where several have this name.
   */
  async remove(name: string, digest = ""): Promise<void> {
    const keys = await this.list();
    const found = keys.filter((key) => key.name === name && key.digest.toString("hex").startsWith(digest));
    if (found.length === 0) throw new Error(`There is no such key: npm run keys -- list shows those that there are.`);
    if (found.length > 1)
      throw new Error(`${found.length} keys have this name: say which by the beginning of its digest, as in npm run keys -- list.`);
    await this.#store(keys.filter((key) => key !== found[0]));
  }

  async #store(keys: readonly ApiKey[]): Promise<void> {
    const text = JSON.stringify(keys.map(({ name, role, digest }) => ({ name, role, digest: digest.toString("hex") })));
    // What the functions would refuse is not stored.
    parseApiKeys(text);
    if (text.length > LIMIT)
      throw new Error(`${keys.length} keys are more than the ${LIMIT} characters of an SSM parameter: remove one first.`);
    await this.#client.send(new PutParameterCommand({ Name: this.#parameter, Value: text, Type: "SecureString", Overwrite: true }));
  }
}
