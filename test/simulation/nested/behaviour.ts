/** What the functions of a workflow do at a path: the same in each attempt, process and model. */
import {
  indexText,
  type ChooseSpec,
  type Gives,
  type HandlerSpec,
  type MapSpec,
  type NodeSpec,
  type RepeatSpec,
  type UndoSpec,
} from "./spec.ts";

/** A number from 0 up to, not including, 1, for a path: FNV-1a, mixed. */
export function chance(salt: string, path: string): number {
  let hash = 0x811c9dc5;
  const text = `${salt} ${path}`;
  for (let n = 0; n < text.length; n++) hash = Math.imul(hash ^ text.charCodeAt(n), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x21f0aaad);
  hash = Math.imul(hash ^ (hash >>> 15), 0x735a2d97);
  return ((hash ^ (hash >>> 15)) >>> 0) / 2 ** 32;
}

function upTo(most: number, salt: string, path: string): number {
  return Math.floor(chance(salt, path) * (most + 1));
}

/** How many attempts fail that are tried again. */
export function flakyAt({ flaky }: HandlerSpec, path: string): number {
  return chance("flaky", path) < 0.5 ? upTo(flaky, "how flaky", path) : 0;
}

/** Up to which attempt it fails for good. */
export function doomAt({ doom }: HandlerSpec, path: string): number {
  if (doom === "never" || chance("doom", path) > 0.35) return 0;
  return doom === "stays" ? Infinity : 1 + upTo(1, "doomed", path);
}

/** How many attempts of an undo fail; Infinity: all. */
export function undoFailsAt({ flaky, isDoomed }: UndoSpec, path: string): number {
  return isDoomed && chance("undo doom", path) < 0.5 ? Infinity : upTo(flaky, "undo flaky", path);
}

/** How the run of a hook fails: for good, or so many times. */
export function hookFailsOf(hookRun: string): number {
  const luck = chance("hook", hookRun);
  return luck < 0.1 ? Infinity : luck < 0.3 ? 1 : 0;
}

export function runsAt({ when }: HandlerSpec, path: string): boolean {
  return when === undefined || chance("when", path) < when;
}

export function armAt({ parts }: ChooseSpec, path: string): string {
  const arms = Object.keys(parts);
  return arms[upTo(arms.length - 1, "arm", path)]!;
}

export function passesAt({ most }: RepeatSpec, path: string): number {
  return 1 + upTo(most - 1, "passes", path);
}

/** An item says what is before the names of its nodes in their paths. */
export function itemsOf({ fewest, most }: MapSpec, path: string): { readonly at: string }[] {
  const items = fewest + upTo(most - fewest, "items", path);
  return Array.from({ length: items }, (_, index) => ({ at: `${path}/${indexText(index)}/` }));
}

/** How many of so many items may fail. */
export function toleratedOf({ tolerate = 0 }: MapSpec, items: number): number {
  return typeof tolerate === "number" ? tolerate : Math.floor((items * parseInt(tolerate, 10)) / 100);
}

/** The steps of a script, by the path below its own. */
export function memosAt({ name }: HandlerSpec, path: string): string[] {
  return [`a${name}`, "of/1", "of/%C3%BC"].slice(0, upTo(3, "memos", path));
}

/** What is chosen where an approval asks. */
export function choiceAt(path: string): (typeof CHOICES)[number] {
  return CHOICES[upTo(CHOICES.length - 1, "choice", path)]!;
}

export const CHOICES = ["approve", "reject"] as const;

/** Whether the handler of a callback completes it itself. */
export function returnsAt(path: string): boolean {
  return chance("returns", path) < 0.15;
}

/** Whether a function of a node decides something. */
export function asks(node: NodeSpec): boolean {
  if (node.kind === "choose" || node.kind === "map" || node.kind === "child") return true;
  if (node.kind === "sleep") return node.computed;
  return (node.kind === "step" || node.kind === "sql") && node.when !== undefined;
}

/** Whether a function that decides throws when it is first asked; a redrive heals that. */
export function stumblesAt(path: string): boolean {
  return chance("stumble", path) < 0.01;
}

/** What a handler's output is, but for what it has seen. */
export function outputAt(gives: Gives, path: string): unknown {
  if (gives === "place") return { at: path };
  if (gives === "text") return path;
  return gives === "number" ? Math.floor(chance("number", path) * 1e6) : null;
}
