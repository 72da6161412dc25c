/** What an author gives as options, which in JavaScript may be anything. */

/**
 * What is wrong with the options of something that takes these: they are no object, or have another
 * name. Undefined: nothing is. To give none is as good as an empty object.
 */
export function problemOfOptions(what: string, given: unknown, names: readonly string[]): string | undefined {
  if (given === undefined) return undefined;
  if (typeof given !== "object" || given === null || Array.isArray(given)) {
    return `the options of ${what} are ${nounOf(given)}: write an object of ${listOf(names)}`;
  }
  const unknown = Object.keys(given).find((name) => !names.includes(name));
  return unknown === undefined ? undefined : `"${unknown}" is not an option of ${what}: use ${listOf(names)}`;
}

/** The options; none where nothing was given. Throws TypeError. */
export function optionsOf<Options extends object>(what: string, given: Options | undefined, names: readonly string[]): Partial<Options> {
  const problem = problemOfOptions(what, given, names);
  if (problem !== undefined) throw new TypeError(problem);
  return given ?? {};
}

/** Throws TypeError with this sentence for what is no function. */
export function requireFunction(given: unknown, sentence: string): void {
  if (typeof given !== "function") throw new TypeError(sentence);
}

function nounOf(given: unknown): string {
  if (given === null) return "null";
  return Array.isArray(given) ? "a list" : `a ${typeof given}`;
}

/** Such as `output, retry or when`. */
function listOf(names: readonly string[]): string {
  return [names.slice(0, -1).join(", "), ...names.slice(-1)].filter(Boolean).join(" or ");
}
