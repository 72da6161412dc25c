// A setup file: each test file tells the reporter what its process and the children of that used,
// and which databases are its own.
import { afterAll } from "vitest";
import { secondsOf } from "./seconds.ts";

export interface FileCpu {
  readonly seconds: number;
  readonly children: number;
  readonly databases: readonly string[];
}

declare module "vitest" {
  interface TaskMeta {
    cpu?: FileCpu;
  }
}

// A test file's process whose vitest was killed would go on; what it started ends with it.
process.once("disconnect", () => process.exit(1));

const databases: string[] = [];

/** Says that what this database costs belongs to this test file. */
export const countDatabase = (name: string): void => void databases.push(name);

// Hooks run last in, first out, and this is the first: what a file waits for at its end is counted.
// Vitest reads the pattern to see what it has to provide: nothing.
// oxlint-disable-next-line no-empty-pattern
afterAll(({}, { file }) => {
  const used = secondsOf("self");
  if (used !== undefined) file.meta.cpu = { seconds: used.own, children: used.children, databases };
});
