import { connect, type Connected, type Driver } from "../db/connect.ts";
import { connectionFrom } from "../db/default-database.ts";
import type { Logger } from "../domain/node.ts";
import type { Service } from "../lambda/service.ts";

/** What a resident host is told in code; what it is not told, the environment says. */
export interface HostOptions extends Service {
  /** Default: DATABASE_URL. */
  readonly url?: string | undefined;
  /** Default: BATON_DRIVER, or else `neon` for Neon's hosts and `pg` for others. */
  readonly driver?: Driver | undefined;
  /** Default: BATON_NEON_ENDPOINT. */
  readonly neonEndpoint?: string | undefined;
  /** Default: BATON_SCHEMA, or else `baton`. */
  readonly schema?: string | undefined;
  /**
   * What signs the links of approvals and the tokens of callbacks, and verifies them: `id:secret`,
   * several separated by commas, of which the first signs. Default: BATON_TICKET_KEYS.
   */
  readonly ticketKeys?: string | undefined;
  /** What links begin with: where people reach `serve`. Default: BATON_PUBLIC_URL. */
  readonly publicUrl?: string | undefined;
  /** Default: lines of JSON on standard output. */
  readonly logger?: Logger | undefined;
}

/** The environment with what was said in code, for threads too. Empty means unset. */
export function environmentOf(
  { url, driver, neonEndpoint, schema, ticketKeys, publicUrl }: HostOptions,
  env = process.env,
): NodeJS.ProcessEnv {
  return {
    ...env,
    ...(url !== undefined && { DATABASE_URL: url }),
    ...(driver !== undefined && { BATON_DRIVER: driver }),
    ...(neonEndpoint !== undefined && { BATON_NEON_ENDPOINT: neonEndpoint }),
    ...(schema !== undefined && { BATON_SCHEMA: schema }),
    ...(ticketKeys !== undefined && { BATON_TICKET_KEYS: ticketKeys }),
    ...(publicUrl !== undefined && { BATON_PUBLIC_URL: publicUrl }),
  };
}

/** Connects as the options say. Throws DatabaseConfigurationError where nothing says where to. */
export function connectAs(options: HostOptions): Connected {
  return connect(connectionFrom(environmentOf(options)));
}
