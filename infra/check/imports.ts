import { posix } from "node:path";
import type { Source } from "./sources.ts";

/**
 * Which layers a layer may import, itself always included: shared/lambda → shared/engine →
 * shared/domain, and shared/db and shared/archive → shared/domain. `shared` are the doors of the
 * package; only functions/ and infra/ know shared/workflows, which is the service's own.
 */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  "shared/domain": [],
  "shared/engine": ["shared/domain"],
  "shared/db": ["shared/domain"],
  "shared/archive": ["shared/domain"],
  shared: ["shared/domain", "shared/engine", "shared/db", "shared/archive", "shared/lambda", "shared/node"],
  "shared/workflows": ["shared", "shared/db", "examples"],
  "shared/lambda": ["shared", "shared/engine", "shared/db", "shared/domain"],
  "shared/node": ["shared", "shared/lambda", "shared/engine", "shared/db", "shared/domain"],
  // The list of inputs for `npm start` asks which workflows are registered.
  examples: ["shared", "shared/db", "shared/workflows"],
  // The factories come through the package's door.
  functions: ["shared/workflows"],
  infra: ["shared", "shared/lambda", "shared/node", "shared/engine", "shared/db", "shared/domain", "shared/workflows"],
};

/** In functions/ and shared/ only shared/db knows a driver. */
const DRIVERS = new Set(["pg", "@neondatabase/serverless"]);

/** The only file of the rest that the folder `examples` is known to, so that one can delete it. */
const KNOWS_EXAMPLES = "shared/workflows/index.ts";

interface Import {
  readonly path: string;
  readonly specifier: string;
  readonly typeOnly: boolean;
}

/** Every import that runs against the layers, as `file -> import`. */
export function importsAgainstTheLayers(sources: readonly Source[]): string[] {
  return sources
    .filter(({ path }) => path.endsWith(".ts"))
    .flatMap(importsOf)
    .filter((found) => !isAllowed(found))
    .map(({ path, specifier }) => `${path} -> ${specifier}`);
}

/** Every import from the folder `examples` that would miss it, as `file -> import`. */
export function importsFromTheExamples(sources: readonly Source[]): string[] {
  return sources
    .filter(({ path }) => path.endsWith(".ts") && !path.startsWith("examples/") && path !== KNOWS_EXAMPLES)
    .flatMap(importsOf)
    .filter(({ path, specifier }) => isOfTheExamples(path, specifier))
    .map(({ path, specifier }) => `${path} -> ${specifier}`);
}

/** Also by its name: the folder is a package of the workspace. */
function isOfTheExamples(path: string, specifier: string): boolean {
  return specifier.startsWith(".")
    ? posix.join(posix.dirname(path), specifier).startsWith("examples/")
    : /^baton-examples(\/|$)/.test(specifier);
}

function isAllowed({ path, specifier, typeOnly }: Import): boolean {
  const from = layerOf(path);
  if (specifier.startsWith(".")) {
    const target = posix.join(posix.dirname(path), specifier);
    const to = layerOf(target);
    return to === from ? inOneRoom(path, target) : (ALLOWED[from] ?? []).includes(to);
  }
  if (DRIVERS.has(specifier)) return from === "shared/db" || from === "infra";
  // The domain is pure: what is imported for its types alone leaves nothing behind.
  return from !== "shared/domain" || typeOnly;
}

/** What the engine does for producers, pollers, operators and upkeep does not know one another. */
const ROOM = /^shared\/engine\/(\w+)\//;

function inOneRoom(path: string, target: string): boolean {
  const room = ROOM.exec(target)?.[1];
  return room === undefined || room === ROOM.exec(path)?.[1];
}

function layerOf(path: string): string {
  const [top = "", folder = "", rest] = path.split("/");
  return top === "shared" && rest !== undefined ? `${top}/${folder}` : top;
}

const IMPORT = /^(?:import|export)\s+(type\s)?(?:[\w*$,{}\s]+?\sfrom\s+)?"([^"]+)"|\bimport\(\s*"([^"]+)"\s*\)/gm;

function importsOf({ path, text }: Source): Import[] {
  return [...text.matchAll(IMPORT)].map(([, type, fixed, dynamic]) => ({
    path,
    specifier: fixed ?? dynamic ?? "",
    typeOnly: type !== undefined,
  }));
}
