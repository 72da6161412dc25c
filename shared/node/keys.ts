import type { KeyRole } from "../lambda/api-key.ts";

/** An API key in plain text, such as from the environment of a container. */
export interface GivenKey {
  /** Stands in the log and in the audit. */
  readonly name: string;
  /** Default: `operator`. */
  readonly role?: KeyRole | undefined;
  /** What requests carry as `Authorization: Bearer …`. */
  readonly key: string;
}
