import { MAX_JSON_DEPTH, MINUS_ZERO, NotJsonError, pointerTo } from "./json.ts";

const INEXACT = "this number would come back as another one, because a double cannot hold it: send it as a string";
const NUMBER = /[-+.\deE]+/y;
const SURELY_EXACT = /^-?[\d.]{1,15}$/;
const PARTS = /^-?(\d+)(?:\.(\d+))?(?:[eE]([-+]?\d+))?$/;

/** An array or an object that the reader stands in. */
interface Level {
  /** The keys so far; none in an array. */
  readonly keys: Set<string> | undefined;
  /** The key or the index of the value that comes next. */
  at: string | number;
}

/**
 * Parses JSON text that is to come back as it went. A number passes when the double that it becomes
 * is written as the same decimal value: 0.1, 1.0, 12.50 and 1e2 do.
 *
 * Throws `SyntaxError` for what is no JSON, and `NotJsonError` for what parsing would change:
 * integers from 2^53 on that no double is, fractions of too many digits, numbers too large or too
 * small, -0, a key that is given twice, and for nesting over 64.
 */
export function parseJson(text: string): unknown {
  const value: unknown = JSON.parse(text);
  checkText(text);
  return value;
}

/**
 * Reads valid JSON once more, for what the parsed value no longer shows. Without recursion: the
 * text may be nested deeply.
 */
function checkText(text: string): void {
  const levels: Level[] = [];
  let start = 0;
  let end = 0;
  for (let n = 0; n < text.length; n++) {
    switch (text[n]) {
      case '"':
        [start, end] = [n, endOfString(text, n)];
        n = end;
        break;
      case ":":
        enterKey(levels, JSON.parse(text.slice(start, end + 1)) as string);
        break;
      case "{":
        enter(levels, { keys: new Set(), at: "" });
        break;
      case "[":
        enter(levels, { keys: undefined, at: 0 });
        break;
      case "]":
      case "}":
        levels.pop();
        break;
      case ",":
        nextItem(levels.at(-1)!);
        break;
      default:
        n = skipNumber(levels, text, n);
    }
  }
}

function endOfString(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); ; end = text.indexOf('"', end + 1)) {
    let slashes = 0;
    while (text[end - 1 - slashes] === "\\") slashes++;
    if (slashes % 2 === 0) return end;
  }
}

function enter(levels: Level[], level: Level): void {
  if (levels.length === MAX_JSON_DEPTH) throw refuse(levels, `it is nested deeper than ${MAX_JSON_DEPTH}`);
  levels.push(level);
}

function enterKey(levels: readonly Level[], key: string): void {
  const level = levels.at(-1)!;
  level.at = key;
  if (level.keys!.has(key)) throw refuse(levels, "this key is given twice");
  level.keys!.add(key);
}

function nextItem(level: Level): void {
  if (typeof level.at === "number") level.at++;
}

/** The place of the last character of the number that begins here, if one does. */
function skipNumber(levels: readonly Level[], text: string, start: number): number {
  const code = text.charCodeAt(start);
  if (code !== 0x2d && (code < 0x30 || code > 0x39)) return start;
  NUMBER.lastIndex = start;
  const [source] = NUMBER.exec(text)!;
  if (Object.is(Number(source), -0) && isZero(source)) throw refuse(levels, MINUS_ZERO);
  if (!isExact(source)) throw refuse(levels, INEXACT);
  return start + source.length - 1;
}

/** Whether the double is written as the same decimal value. Up to 15 digits always are. */
function isExact(source: string): boolean {
  if (SURELY_EXACT.test(source)) return true;
  const value = Number(source);
  return Number.isFinite(value) && decimal(source) === decimal(String(value));
}

function isZero(source: string): boolean {
  return !/[1-9]/.test(source.replace(/[eE].*/, ""));
}

/**
 * A decimal value without its sign, in one form for all that write it: its digits, and the power of
 * ten of the last one.
 */
function decimal(source: string): string {
  const [, whole = "", fraction = "", exponent = "0"] = PARTS.exec(source)!;
  const written = (whole + fraction).replace(/^0+/, "");
  const digits = written.replace(/0+$/, "");
  return digits === "" ? "0" : `${digits}e${Number(exponent) - fraction.length + written.length - digits.length}`;
}

function refuse(levels: readonly Level[], reason: string): NotJsonError {
  return new NotJsonError(levels.map(({ at }) => pointerTo(at)).join(""), reason);
}
