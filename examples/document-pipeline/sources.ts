import { open } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { NonRetryableError } from "../../shared/index.ts";
import { readBucket } from "./bucket-source.ts";
import { type Fetched, readAll, type Source } from "./fetched.ts";
import { webSource } from "./web-source.ts";

/** What reads a URL, by its scheme. */
export type Sources = Readonly<Record<"https:" | "s3:" | "file:", Source>>;

/**
 * The sources of a process: files where `npm start` runs it, which says so by BATON_LOCAL, buckets
 * where AWS does, and the web everywhere.
 */
export function sourcesFrom(env: NodeJS.ProcessEnv): Sources {
  const isLocal = env["BATON_LOCAL"] === "on";
  return {
    "https:": webSource(),
    "s3:": isLocal ? refuse("npm start has no S3. Copy the document and give its file: URL.") : readBucket,
    "file:": isLocal ? readFile : refuse("Only npm start reads files. Give an https: or s3: URL."),
  };
}

function refuse(reason: string): Source {
  return (url) => Promise.reject(new NonRetryableError(`${url.href} cannot be read. ${reason}`));
}

/** Reads a file of this machine. */
export async function readFile(url: URL): Promise<Fetched> {
  try {
    await using file = await open(fileURLToPath(url));
    if (!(await file.stat()).isFile()) throw new Error("it is no file");
    return { bytes: await readAll(file.createReadStream({ autoClose: false })), contentType: null };
  } catch (thrown) {
    if (thrown instanceof NonRetryableError) throw thrown;
    const { message, code } = thrown as NodeJS.ErrnoException;
    const advice = isForbidden(code) ? "Let the user who runs npm start read it." : "Give the URL of a file that is there.";
    throw new NonRetryableError(`${url.href} cannot be read: ${message}. ${advice}`, { cause: thrown });
  }
}

function isForbidden(code = ""): boolean {
  return code === "EACCES" || code === "EPERM";
}
