import { DatabaseConfigurationError } from "../domain/database-errors.ts";

/**
 * Has the driver `pg` verify the server, unless the connection string or PGSSLMODE says otherwise,
 * or the server is on this machine. Without it `pg` would speak in clear.
 *
 * @example requireTls("postgresql://me@db.example/app") // "…/app?sslmode=verify-full"
 */
export function requireTls(text: string, env: NodeJS.ProcessEnv = process.env): string {
  const url = new URL(text);
  const said = env["PGSSLMODE"] || url.searchParams.has("sslmode") || url.searchParams.has("ssl");
  if (!said && !isHere(url.searchParams.get("host") ?? decodeURIComponent(url.hostname))) url.searchParams.set("sslmode", "verify-full");
  return url.href;
}

/** A socket in the file system, or a loopback address. */
function isHere(host: string): boolean {
  return host === "" || host.startsWith("/") || /^(127(\.\d{1,3}){3}|\[?::1\]?|(.+\.)?localhost)$/i.test(host);
}

const untrusted = /^(DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_\w+|CERT_\w+|ERR_TLS_CERT_ALTNAME_INVALID)$/;

/** A server that cannot be verified: says so, and what to do; anything else comes back as it is. */
export function explainTls(thrown: unknown): unknown {
  const { message, code } = thrown as NodeJS.ErrnoException;
  const clear = "Where the way to it is safe, append ?sslmode=disable to the connection string.";
  if (message === "The server does not support SSL connections")
    return new DatabaseConfigurationError(`The database server speaks no TLS. Turn it on there. ${clear}`, { cause: thrown });
  if (typeof code === "string" && untrusted.test(code))
    return new DatabaseConfigurationError(
      `The database server's certificate cannot be verified (${message}). Give its root certificate in NODE_EXTRA_CA_CERTS, or sslrootcert in the connection string.`,
      { cause: thrown },
    );
  return thrown;
}
