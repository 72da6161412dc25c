import { NonRetryableError } from "../../shared/index.ts";

const MARKS = [
  ["utf-16le", "\xff\xfe"],
  ["utf-16be", "\xfe\xff"],
] as const;

/**
 * The text of a file: in the encoding that its first bytes, its server or its own `meta` element
 * names, or in UTF-8.
 *
 * Throws `NonRetryableError` where the bytes are no text in it: a guess would store wrong letters,
 * and nobody would find the word.
 */
export function decode(bytes: Uint8Array, contentType: string | null): string {
  const encoding = encodingOf(bytes, contentType);
  try {
    return new TextDecoder(encoding ?? "utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    if (encoding === undefined)
      throw new NonRetryableError(`The document is not in UTF-8, and nothing says what else it is in. ${ADVICE}`, { cause });
    throw new NonRetryableError(`The document is said to be in ${encoding} and cannot be read as that. ${ADVICE}`, { cause });
  }
}

const ADVICE = 'Save it as UTF-8, or let its server say the encoding, such as "text/plain; charset=iso-8859-1".';

function encodingOf(bytes: Uint8Array, contentType: string | null): string | undefined {
  const start = Buffer.from(bytes.subarray(0, 1024)).toString("latin1");
  const marked = MARKS.find(([, mark]) => start.startsWith(mark))?.[0];
  const served = /;\s*charset="?([\w.:-]+)/i.exec(contentType ?? "")?.[1];
  return marked ?? served ?? /<meta\s[^>]*charset\s*=\s*["']?([\w.:-]+)/i.exec(start)?.[1];
}
