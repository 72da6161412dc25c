import type * as z from "zod";
import { namePattern } from "./name.ts";
import { isVersion } from "./version.ts";
import type { AnyWorkflow, JsonSchema, WorkflowRef } from "./workflow-types.ts";

/** What a hook's run is told of the ending that it follows: its input. */
export type EndingFacts = {
  readonly run: string;
  readonly workflow: string;
  readonly status: "done" | "failed" | "cancelled";
  /** Why it failed; null unless it has. */
  readonly error: { readonly name: string; readonly message: string } | null;
  /** The path of the attempt that failed for good; null where none did. */
  readonly node: string | null;
  /** How often it was attempted there since the last redrive; 0 where none failed for good. */
  readonly attempts: number;
};

/** A workflow of which a run follows an ending, by value, or by its name and version. */
export interface AnyHook {
  readonly name: string;
  readonly version: number;
}

/** What follows the endings of a workflow's runs. */
export interface Hooks {
  /** A run that has failed. */
  readonly failed?: AnyHook;
  /** A run that has ended, in whatever way. */
  readonly ended?: AnyHook;
}

/**
 * Adds nothing to the type of a workflow that takes what it is told of an ending, nor to one that
 * is known only by its name; to any other it adds a property that nobody has, named by a sentence.
 * No schema parses that input: what handlers see must be as it is sent.
 */
export type RefuseUnlessHook<Hook> = Hook extends { readonly input: infer Input extends JsonSchema }
  ? EndingFacts extends z.input<Input>
    ? EndingFacts extends z.output<Input>
      ? unknown
      : { readonly "the input of this workflow is changed by its schema, which is not called for a hook": never }
    : { readonly "the input of this workflow does not take an ending: give it the schema Ending": never }
  : unknown;

/**
 * Names a workflow that is to be a hook, and is not imported here:
 * `{ name: "notify-ops", version: 1 } satisfies HookRef<typeof notifyOps>`.
 */
export type HookRef<W extends AnyWorkflow> = WorkflowRef<W> & RefuseUnlessHook<W>;

/** What is wrong with a hook; undefined: nothing is. key: the option that it was given as. */
export function problemOfHook(key: string, given: unknown): string | undefined {
  const { name, version } = (given ?? {}) as Partial<AnyHook>;
  if (typeof name === "string" && namePattern.test(name) && version !== undefined && isVersion(version)) return undefined;
  return `its ${key} is no workflow: give it one, or the { name, version } of one`;
}

/** The hooks of the options of a workflow; undefined where there are none. */
export function hooksOf({
  whenFailed: failed,
  whenEnded: ended,
}: {
  readonly whenFailed?: AnyHook;
  readonly whenEnded?: AnyHook;
}): Hooks | undefined {
  if (failed === undefined && ended === undefined) return undefined;
  return Object.freeze({ ...(failed && { failed }), ...(ended && { ended }) });
}

/** The same with no more of a workflow than its name and version. */
export function namesOf(hooks: Hooks): Hooks {
  return Object.fromEntries(Object.entries(hooks).map(([key, { name, version }]: [string, AnyHook]) => [key, { name, version }]));
}

/** Hooks that were given by value. */
export function hooksByValue(hooks: Hooks = {}): readonly AnyHook[] {
  return Object.values<AnyHook>({ ...hooks }).filter((hook) => "nodes" in hook);
}
