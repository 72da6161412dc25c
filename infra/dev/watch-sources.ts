import { dirname, relative } from "node:path";
import { watch } from "chokidar";

/** How sources end; whatever else lies in the project, such as a log, starts nothing. */
const SOURCE = /\.([cm]?[jt]s|[jt]sx|json)$/;

/** Folders in which no source of the service lies. */
const NO_SOURCES = /(^|[/\\])(node_modules|\.git|\.baton|dist|coverage|cdk\.out|\.serverless|\.aws-sam)([/\\]|$)/;

/** Files change in groups: an editor writes twice, a branch many. */
const SETTLE_MS = 150;

/** What looks at the sources of a service. */
export interface SourceWatch {
  /**
   * Looks at these files alone, wherever they lie; with undefined at every file of the project that
   * ends as a source does.
   */
  narrow(sources: readonly string[] | undefined): void;
  close(): Promise<void>;
}

/** Calls back once after each group of changes to sources. Resolves once it looks. */
export async function watchSources(
  project: string,
  entry: string,
  told: { readonly changed: () => void; readonly failed: (error: Error) => void },
): Promise<SourceWatch> {
  let sources: ReadonlySet<string> | undefined;
  let timer: NodeJS.Timeout | undefined;
  const home = dirname(entry);
  const watcher = watch([project, home], {
    ignoreInitial: true,
    ignored: (path, stats) =>
      !sources?.has(path) &&
      (holdsNoSources(path, path.startsWith(home) ? home : project) || (stats?.isFile() === true && !SOURCE.test(path))),
  });
  watcher.on("error", (error) => told.failed(error as Error));
  watcher.on("all", (_event, path) => {
    if (!(sources?.has(path) ?? SOURCE.test(path))) return;
    clearTimeout(timer);
    timer = setTimeout(told.changed, SETTLE_MS);
  });
  await new Promise<void>((ready) => watcher.once("ready", ready));
  return {
    narrow: (given) => {
      sources = given && new Set(given);
      watcher.add((given ?? []).filter((path) => relative(project, path).startsWith("..")));
    },
    close: () => {
      clearTimeout(timer);
      return watcher.close();
    },
  };
}

/** An entry may lie in a folder such as dist: below it counts what lies between. */
function holdsNoSources(path: string, home: string): boolean {
  return NO_SOURCES.test(relative(home, path));
}
