import type { Plugin } from "esbuild";

const MARK = "function:";

/** The factory of each function that is given workflows, by the name of its bundle. */
const FACTORIES: Readonly<Record<string, string>> = {
  "enqueue-run": "enqueueRun",
  "control-runs": "controlRuns",
  "answer-waits": "answerWaits",
  "poll-queue": "pollQueue",
};

/** The entry point of a function that nobody wrote a file for. */
export function entryOf(bundle: string): string {
  return MARK + bundle;
}

/**
 * The functions of a service that has no files for them, as `functions/` has them: for workflows of
 * another module, such as those of an acceptance, or for none.
 *
 * root: where the imports in them begin.
 */
export function functionsOf(workflows: string | false, root: string): Plugin {
  return {
    name: "functions-of",
    setup(bundler) {
      bundler.onResolve({ filter: /^function:/ }, ({ path }) => ({ path: path.slice(MARK.length), namespace: "function" }));
      bundler.onLoad({ filter: /.*/, namespace: "function" }, ({ path }) => ({
        contents: textOf(path, workflows),
        loader: "ts",
        resolveDir: root,
      }));
    },
  };
}

function textOf(bundle: string, workflows: string | false): string {
  const factory = FACTORIES[bundle];
  if (factory === undefined) return 'import { maintain } from "pgbaton/lambda"; export const handler = maintain();';
  const list = workflows === false ? "const workflows = [];" : `import { workflows } from ${JSON.stringify(workflows)};`;
  return `import { ${factory} } from "pgbaton/lambda"; ${list} export const handler = ${factory}({ workflows });`;
}
