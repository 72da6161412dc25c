import type { Plugin } from "esbuild";

/** Its own modules, and the AWS SDK. */
const OF_THE_RUNTIME = /^(node:|@aws-sdk\/)/;
const OF_A_PACKAGE = /[/\\]node_modules[/\\]/;
/** A driver is needed by every function, so it stays in their bundles. */
const OF_THE_DRIVERS = /[/\\]shared[/\\]db[/\\]connect\./;

/**
 * Packages that a handler imports where it needs them, such as `await import("unpdf")`: each
 * becomes a file of its own beside the poller's bundle, which alone runs handlers. So no other
 * function carries them, and no cold start reads them.
 */
export class LatePackages {
  readonly #poller: string;
  /** Where each is, by the name of its file to be. */
  readonly #found = new Map<string, string>();

  /** Poller: the name of its bundle, with which the files' names begin. */
  constructor(poller: string) {
    this.#poller = poller;
  }

  /** Leaves them out of the bundles and points to their files instead. */
  get plugin(): Plugin {
    return {
      name: "late-packages",
      setup: (bundler) => {
        bundler.onResolve({ filter: /^[^./]/ }, async ({ path, kind, importer, resolveDir, pluginData }) => {
          const isLate =
            kind === "dynamic-import" && !OF_THE_RUNTIME.test(path) && !OF_A_PACKAGE.test(importer) && !OF_THE_DRIVERS.test(importer);
          if (!isLate || pluginData === this) return undefined;
          const { path: found, errors } = await bundler.resolve(path, { kind, resolveDir, pluginData: this });
          if (errors.length > 0) return { errors };
          const file = `${this.#poller}.${path.replace("@", "").replaceAll(/[^\w-]+/g, "-")}`;
          this.#found.set(file, found);
          return { path: `./${file}.mjs`, external: true };
        });
      },
    };
  }

  /** What is left to build, once the bundles are built. */
  get entryPoints(): { in: string; out: string }[] {
    return [...this.#found].map(([file, found]) => ({ in: found, out: file }));
  }
}
