/**
 * What a Postgres cannot work against, and only a human can mend: each in the system's words, and
 * in a sentence that says what to do.
 */
const TROUBLES: readonly (readonly [words: RegExp, sentence: (dataDir: string) => string])[] = [
  [/No space left on device|Disk quota exceeded|ENOSPC|EDQUOT/, (dir) => `the disk of ${dir} is full. Make room on it`],
  [/Read-only file system|EROFS/, (dir) => `${dir} lies on a file system that is read-only. Make it writable`],
  [/Permission denied|EACCES/, (dir) => `the folder ${dir} may not be written by this user. Give it its permissions back`],
];

/**
 * The trouble that a log of Postgres tells of, as the rest of a sentence without its full stop;
 * undefined where it tells of none.
 */
export function troubleIn(log: string, dataDir: string): string | undefined {
  const lines = log.split("\n").filter((line) => /\b(FATAL|PANIC|ERROR|LOG|initdb|EACCES|EROFS|ENOSPC|EDQUOT)\b/.test(line));
  const [, sentence] = TROUBLES.find(([words]) => lines.some((line) => words.test(line))) ?? [];
  return sentence?.(dataDir);
}

/** The same of an error that Node threw over a file or a folder. */
export function troubleOf(error: unknown): string | undefined {
  const { code, path, dest } = error as NodeJS.ErrnoException & { dest?: string };
  return path === undefined ? undefined : troubleIn(String(code), dest ?? path);
}
