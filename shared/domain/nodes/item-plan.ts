import { now } from "../author.ts";
import { checkJson, type Json, type JsonObject } from "../json.ts";
import { jsonbBytes } from "../jsonb-bytes.ts";
import type { Owner, PlanMove } from "../moves.ts";
import { indexText } from "../parts.ts";
import { refuseInput } from "../refuse-large.ts";
import type { Scene } from "../standing.ts";
import type { RunsMapping } from "./item-runs.ts";
import { checkItems } from "./map-options.ts";
import { attributesOf } from "./parent.ts";

/** The most items of one list that are runs: an index has five digits. */
export const MAX_RUNS = 100_000;
/** More of them must be collected. */
const MOST_RESULTS = 10_000;
/** How many runs a round starts, and with how many bytes of inputs. */
const ITEMS_IN_PART = 1000;
const BYTES_OF_PART = 1024 * 1024;

/** The inputs of some of the items, as they are stored. */
type Part = {
  /** The index of the first. */
  readonly from: number;
  readonly inputs: Json[];
  /** Those that the workflow gives them. */
  readonly attributes?: JsonObject[];
};

/** The list, made and parsed, in parts. */
export function planParts(owner: Owner, mapping: RunsMapping, scene: Scene): PlanMove {
  const { path } = owner;
  const inputs = listOf(path, mapping, scene);
  const parts = partsOf(path, mapping, inputs);
  return {
    do: "plan",
    path,
    output: { runs: inputs.length, parts: parts.length, redrives: scene.redrives() },
    parts: parts.map((output, n) => ({ path: `${path}/~plan/${indexText(n)}`, output })),
    owner,
  };
}

function listOf(path: string, { over, code, collect }: RunsMapping, scene: Scene): readonly Json[] {
  const list = checkItems(path, now(over(scene.state()), "its over"), MAX_RUNS, "split the list over several runs");
  if (collect === undefined)
    checkItems(
      path,
      list,
      MOST_RESULTS,
      "collect the results (add { collect, from } after the workflow), or split the list over several runs",
    );
  return list.map((item) => checkJson(code === undefined ? item : code.input.parse(item)));
}

function partsOf(path: string, { code }: RunsMapping, inputs: readonly Json[]): Part[] {
  const parts: Part[] = [];
  let bytes = Infinity;
  for (const [from, input] of inputs.entries()) {
    const own = jsonbBytes(input);
    const error = refuseInput(`${path}/${indexText(from)}`, own);
    if (error !== undefined) throw Object.assign(new Error(error.message), { name: error.name });
    bytes += own;
    if (bytes > BYTES_OF_PART || parts.at(-1)!.inputs.length >= ITEMS_IN_PART) {
      parts.push({ from, inputs: [] });
      bytes = own;
    }
    parts.at(-1)!.inputs.push(input);
  }
  return code?.attributes === undefined
    ? parts
    : parts.map((part) => Object.assign(part, { attributes: part.inputs.map((input) => attributesOf(code, input) ?? {}) }));
}
