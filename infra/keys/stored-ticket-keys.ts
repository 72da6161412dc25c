import { parseTicketKeys } from "../../shared/lambda/ticket-keys.ts";
import type { TicketKey, TicketKeys } from "../../shared/engine/tickets.ts";
import { newTicketKey } from "./ticket-key.ts";

/** Where the text of the keys is kept: one SSM parameter. */
export interface TextStore {
  /** Throws ParameterNotFound where there is none. */
  read(name: string): Promise<string>;
  put(name: string, value: string): Promise<void>;
}

/**
 * The ticket keys of one stage, as they are kept in its SSM parameter. Two people must not change
 * them in the same second.
 */
export class StoredTicketKeys {
  readonly #store: TextStore;
  readonly #parameter: string;

  constructor(store: TextStore, parameter: string) {
    this.#store = store;
    this.#parameter = parameter;
  }

  /** None where there is no parameter yet. Throws TicketKeysError for what is no list of keys. */
  async list(): Promise<readonly TicketKey[]> {
    try {
      return parseTicketKeys(await this.#store.read(this.#parameter));
    } catch (thrown) {
      if ((thrown as Error).name === "ParameterNotFound") return [];
      throw thrown;
    }
  }

  /** Makes a key, which signs from now on; those of before still verify. Returns its id. */
  async add(): Promise<string> {
    const [made] = parseTicketKeys(newTicketKey());
    await this.#put([made, ...(await this.list())]);
    return made.id;
  }

  /** Takes a key out: what it has signed is refused. The one that signs stays. */
  async remove(id: string): Promise<void> {
    const [first, ...others] = await this.list();
    if (first?.id === id) throw new Error(`The key ${id} signs: add another one first.`);
    if (first === undefined || !others.some((key) => key.id === id))
      throw new Error("There is no such ticket key: npm run keys -- tickets shows those that there are.");
    await this.#put([first, ...others.filter((key) => key.id !== id)]);
  }

  async #put(keys: TicketKeys): Promise<void> {
    await this.#store.put(this.#parameter, keys.map(({ id, secret }) => `${id}:${secret}`).join(","));
  }
}
