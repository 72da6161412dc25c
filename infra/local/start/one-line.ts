const LONGEST = 300;

/**
 * A message for a line that people read. Of a JSON document it is the sentence in it: the detail of
 * a problem, the message of an error, those of each issue of a schema.
 */
export function inOneLine(message: string): string {
  const line = (sentenceIn(message) ?? message).replaceAll(/\s+/g, " ").trim();
  return line.length > LONGEST ? `${line.slice(0, LONGEST)}…` : line;
}

function sentenceIn(text: string): string | undefined {
  const before = text.search(/[{[]/);
  if (before < 0) return undefined;
  try {
    return text.slice(0, before) + sentenceOf(JSON.parse(text.slice(before)));
  } catch {
    return undefined;
  }
}

function sentenceOf(document: unknown): string {
  if (typeof document !== "object" || document === null) return String(document);
  if (Array.isArray(document)) return document.map(sentenceOf).join("; ");
  const { detail, title, message, Message, path } = document as Record<string, unknown>;
  const sentence =
    [detail, title, message, Message].find((value): value is string => typeof value === "string") ?? "a JSON document without a message";
  return Array.isArray(path) && path.length > 0 ? `${path.join(".")}: ${sentence}` : sentence;
}
