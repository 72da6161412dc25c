import { DatabaseConfigurationError } from "../domain/database-errors.ts";

/**
 * Checks that a text is a connection string, before a driver sees it: a driver's own message may
 * hold the whole of it; name: what it is called in the sentence.
 *
 * @throws DatabaseConfigurationError with a sentence that has nothing of the text in it.
 * @example checkConnectionString("postgresql://user:pa%23ss@host/database")
 */
export function checkConnectionString(text: string, name = "DATABASE_URL"): void {
  const wrong = reasonAgainst(text);
  if (wrong !== undefined) {
    throw new DatabaseConfigurationError(
      `${name} is not a connection string of the form postgresql://user:password@host/database: ${wrong}.`,
    );
  }
}

function reasonAgainst(text: string): string | undefined {
  if (text.trim() !== text) return "remove the blanks around it";
  if (!/^postgres(ql)?:\/\//.test(text)) return "it does not begin with postgresql://";
  const url = URL.parse(text);
  const encode = "percent-encode the characters # / ? @ : % of the user's name and the password, such as %23 for #";
  // A password that is not encoded ends up in the port, the path or the fragment.
  if (url === null || url.hash !== "" || !isPercentEncoded(url.href)) return encode;
  if (url.username === "" && /@/.test(url.pathname + url.search)) return encode;
  if (url.hostname === "" && !url.searchParams.has("host")) return "it names no host";
  return undefined;
}

function isPercentEncoded(href: string): boolean {
  try {
    decodeURIComponent(href);
    return true;
  } catch {
    return false;
  }
}
