/** Commands that begin or end transactions or parts of them, by their first word. */
const control = /^(begin|start|commit|end|rollback|abort|savepoint|release|discard)$/;
/** And by their first words; `set local` and `set session` say the same of the word after them. */
const controlPhrase =
  /^(prepare transaction|(set|reset) (local |session )?(role|authorization|session_authorization|transaction|characteristics))\b/;

/**
 * The command of a statement that would end, begin or change the transaction or the role it runs
 * in, such as `COMMIT` or `SET ROLE`; undefined when it is none. Postgres takes one command at a
 * time from the drivers, so its first words decide.
 */
export function transactionControl(text: string): string | undefined {
  const words = firstWords(text, 3);
  if (control.test(words[0] ?? "")) return words[0]!.toUpperCase();
  return controlPhrase.exec(words.join(" "))?.[0].toUpperCase();
}

export function firstWords(text: string, count: number): string[] {
  const words: string[] = [];
  for (let at = skipGap(text, 0); words.length < count; at = skipGap(text, at)) {
    const word = /^"?([a-z_]+)"?/i.exec(text.slice(at, at + 64));
    if (word === null) break;
    words.push(word[1]!.toLowerCase());
    at += word[0].length;
  }
  return words;
}

/** Where the next word begins: after white space, empty statements and comments. */
export function skipGap(text: string, from: number): number {
  let at = from;
  while (at < text.length) {
    if (/[\s;]/.test(text[at]!)) at++;
    else if (text.startsWith("--", at)) at += /^[^\n\r]*/.exec(text.slice(at))![0].length;
    else if (text.startsWith("/*", at)) at = endOfComment(text, at);
    else break;
  }
  return at;
}

/** Comments of Postgres nest. */
function endOfComment(text: string, from: number): number {
  let depth = 0;
  for (const { 0: mark, index } of text.slice(from).matchAll(/\/\*|\*\//g)) {
    depth += mark === "/*" ? 1 : -1;
    if (depth === 0) return from + index + 2;
  }
  return text.length;
}
