/** What a node waits for, as one text: the name of a message, with its key where it has one. */
import { now } from "./author.ts";

/** A business key by which a signal may be sent. */
export interface SignalKey {
  readonly name: string;
  readonly key: string;
}

/** Visible ASCII, which every proxy and log passes on unchanged. */
export const keyPattern = /^[\x21-\x7e]{1,255}$/;
export const keyRule = "use 1 to 255 visible ASCII characters";

/** No name has a blank, and no key: approvals and callbacks have names with slashes. */
export function addressOf(name: string, key: string | undefined): string {
  return key === undefined ? name : `${name} ${key}`;
}

/** The names, each once. */
export function namesOf(addresses: readonly string[]): string[] {
  return [...new Set(addresses.map((address) => address.split(" ", 1)[0]!))];
}

export function keysOf(addresses: readonly string[]): SignalKey[] {
  return addresses.flatMap((address) => {
    const at = address.indexOf(" ");
    return at < 0 ? [] : [{ name: address.slice(0, at), key: address.slice(at + 1) }];
  });
}

/** What a node's author says of its key. */
export function checkKey(key: unknown): string {
  const given = now(key, "its key");
  if (typeof given === "string" && keyPattern.test(given)) return given;
  throw new TypeError(`its key is ${typeof given === "string" ? JSON.stringify(given.slice(0, 300)) : typeof given}: ${keyRule}`);
}
