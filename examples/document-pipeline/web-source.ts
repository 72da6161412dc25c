import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import { request, type RequestOptions } from "node:https";
import { NonRetryableError, RetryAfterError } from "../../shared/index.ts";
import { type Fetched, readAll, refuseTooLarge, type Source } from "./fetched.ts";
import { lookupPublic, refuseHiddenHost } from "./public-address.ts";

const maxRedirects = 5;
const timeoutMs = 60_000;
/** Of a client's errors those that pass: a time-out, too early, too many requests. */
const PASSING = new Set([408, 425, 429]);

const headers = { accept: "application/pdf, text/html, text/markdown, text/plain", "accept-encoding": "identity", "user-agent": "baton" };

/** How connections are made; a test has a server of its own. */
export interface WebOptions extends Pick<RequestOptions, "ca" | "lookup"> {
  readonly mayAsk?: (url: URL) => void;
}

/**
 * Fetches over https from the internet alone, within a minute and five redirects.
 *
 * What the server refuses for good is a `NonRetryableError`; a server that is away or busy is asked
 * again.
 */
export function webSource({ mayAsk = refuseHiddenHost, lookup = lookupPublic, ...tls }: WebOptions = {}): Source {
  const ask = async (url: URL, signal: AbortSignal): Promise<IncomingMessage> => {
    mayAsk(url);
    const asked = request(url, { headers, lookup, signal, agent: false, ...tls }).end();
    const [response] = (await once(asked, "response")) as [IncomingMessage];
    return response;
  };
  const follow = async (given: URL, signal: AbortSignal): Promise<Fetched> => {
    let url = given;
    for (let redirects = 0; redirects <= maxRedirects; redirects++) {
      const response = await ask(url, signal);
      const next = redirectOf(url, response);
      if (next === undefined) return fetched(url, response);
      response.destroy();
      url = next;
    }
    throw new NonRetryableError(`${given.href} leads on more than ${maxRedirects} times. Give the URL at which the document is.`);
  };
  return async (url, signal) => {
    const tooLong = AbortSignal.timeout(timeoutMs);
    const whole = follow(url, AbortSignal.any([signal, tooLong]));
    return whole.catch((thrown: unknown) => {
      throw tooLong.aborted ? new Error(`${url.href} was not sent within ${timeoutMs / 1_000} seconds. It is asked again.`) : thrown;
    });
  };
}

function redirectOf(url: URL, { statusCode = 0, headers: { location } }: IncomingMessage): URL | undefined {
  if (![301, 302, 303, 307, 308].includes(statusCode) || location === undefined) return undefined;
  const next = URL.parse(location, url);
  if (next?.protocol === "https:") return next;
  throw new NonRetryableError(`${url.href} leads to ${location}, which is not https. Give a URL that stays with https.`);
}

async function fetched(url: URL, response: IncomingMessage): Promise<Fetched> {
  const { statusCode = 0, headers } = response;
  try {
    if (statusCode !== 200) throw refusal(url, statusCode, headers["retry-after"]);
    if ((headers["content-encoding"] ?? "identity") !== "identity")
      throw new NonRetryableError(
        `${url.href} was sent as ${headers["content-encoding"]}, though it was asked for as it is. Give another copy of it.`,
      );
    refuseTooLarge(Number(headers["content-length"] ?? 0));
    return { bytes: await readAll(response), contentType: headers["content-type"] ?? null };
  } finally {
    response.destroy();
  }
}

function refusal(url: URL, status: number, retryAfter = ""): Error {
  const what = `${url.href} was answered with ${status}.`;
  if (PASSING.has(status)) return new RetryAfterError(`${Math.min(Number.parseInt(retryAfter) || 30, 3_600)} seconds`, what);
  if (status >= 500) return new Error(`${what} It is asked again.`);
  return new NonRetryableError(`${what} Give a URL that opens without a login.`);
}
