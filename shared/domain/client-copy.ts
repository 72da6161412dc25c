import { firstWords, skipGap } from "./transaction-control.ts";

/** Strings, with escapes or without, names in quotes, and strings in dollars. */
const quoted = /\be'(?:\\[^]|[^'\\])*'|'[^']*'|"[^"]*"|\$(\w*)\$[^]*?\$\1\$/iy;

/**
 * The COPY of a statement that would exchange rows with the client, such as `COPY … FROM STDIN`;
 * undefined when it is none. The drivers have no rows to send, and drop what they are sent; a copy
 * from or to a file of the server is Postgres' own matter.
 */
export function clientCopy(text: string): string | undefined {
  if (firstWords(text, 1)[0] !== "copy") return undefined;
  const found = /\b(from|to) (stdin|stdout)\b/i.exec(withoutQuotes(text));
  return found === null ? undefined : `COPY … ${found[0].toUpperCase()}`;
}

/** A statement without what stands in quotes, and with one space for each gap or comment. */
function withoutQuotes(text: string): string {
  let bare = "";
  for (let at = 0, next = 0; at < text.length; at = next) {
    next = skipGap(text, at);
    quoted.lastIndex = at;
    if (next === at && quoted.test(text)) next = quoted.lastIndex;
    if (next === at) bare += text[next++];
    else bare += " ";
  }
  return bare;
}
