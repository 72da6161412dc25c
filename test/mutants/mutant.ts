/**
 * A test that must fail: file is below test/, title stands in its source and in the reported title
 * of the test.
 */
export interface Catcher {
  readonly file: string;
  readonly title: string;
}

/**
 * One plausible bug: a text of a source file that stands there exactly once, and what a slip would
 * make of it.
 */
export interface Mutant {
  /** The bug, as a sentence. */
  readonly name: string;
  readonly file: string;
  readonly find: string;
  readonly replace: string;
  /** The test that notices it, or why nobody can. */
  readonly caughtBy?: Catcher;
  readonly harmless?: string;
}

/** A bug that a test of a file catches. */
export function caught(file: string, title: string): { readonly caughtBy: Catcher } {
  return { caughtBy: { file, title } };
}
