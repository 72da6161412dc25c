import { parseJson } from "../domain/json-text.ts";
import { checkJson, NotJsonError, type Json } from "../domain/json.ts";
import { issue } from "../engine/schema-issues.ts";
import { headerOf, type HttpEvent } from "./http-event.ts";
import { Problem } from "./problem.ts";

/** The largest body, in bytes after base64. */
export const maxBodyBytes = 1024 * 1024;

const ofJson = "application/json";

/**
 * The body of a request as JSON that can be stored. Whatever costs less to find out is refused
 * first: an encoding, the size, UTF-8, the syntax, and then what JSON allows but JSONB does not.
 */
export function readJson(event: HttpEvent, maxBytes: number = maxBodyBytes): Json {
  if (event.body === undefined || event.body === null || event.body === "") throw new Problem("invalid-json", "The body is empty.");
  return parse(readText(event, ofJson, maxBytes));
}

/** Whether a request says that its body is of this type, in UTF-8. */
export function isOfType(event: HttpEvent, type: string): boolean {
  const [, given, charset = "utf-8"] =
    /^([^;\s]+)\s*(?:;\s*charset\s*=\s*"?([\w-]+)"?\s*)?$/.exec(headerOf(event, "content-type") ?? "") ?? [];
  return given?.toLowerCase() === type && charset.toLowerCase() === "utf-8";
}

/** The body of a request as text, if it is one of this type. */
export function readText(event: HttpEvent, type: string, maxBytes: number): string {
  if (isOfType(event, type) && (headerOf(event, "content-encoding") ?? "identity") === "identity")
    return decode(bytesOf(event.body ?? "", event.isBase64Encoded, maxBytes));
  throw new Problem("unsupported-media-type", `Send the body as ${type} in UTF-8, not compressed.`);
}

function bytesOf(body: string, isBase64Encoded: boolean, maxBytes: number): Buffer {
  // A text with half of a surrogate pair would silently become another text as bytes.
  if (!isBase64Encoded && !body.isWellFormed()) throw notUtf8();
  const bytes = Buffer.from(body, isBase64Encoded ? "base64" : "utf8");
  if (bytes.length <= maxBytes) return bytes;
  throw new Problem("body-too-large", `The body is ${bytes.length} bytes, more than ${maxBytes}: send less in one request.`);
}

function decode(bytes: Buffer): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw notUtf8();
  }
}

function notUtf8(): Problem {
  return new Problem("invalid-encoding", "Send the body as UTF-8.");
}

/** JSON.parse's own message repeats a part of the body, so it is not shown. */
function parse(text: string): Json {
  if (text.startsWith("\uFEFF")) throw new Problem("invalid-json", "The body begins with a byte order mark: send it without.");
  try {
    return checkJson(parseJson(text));
  } catch (thrown) {
    if (!(thrown instanceof NotJsonError)) throw new Problem("invalid-json", "The body is not JSON.");
    throw new Problem("invalid-body", "The body holds something that would not come back as it is.", {
      errors: [issue(thrown.pointer, thrown.reason)],
    });
  }
}
