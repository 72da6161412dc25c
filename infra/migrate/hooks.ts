import { createRegistry } from "../../shared/domain/registry.ts";
import type { ManifestEntry } from "../../shared/domain/protocol.ts";
import type { AnyWorkflow } from "../../shared/domain/workflow-types.ts";
import { withClient } from "./connection.ts";

/** Whose database is told what follows the endings of which workflows. */
export interface HooksOptions {
  /** The owner's. */
  readonly url: string;
  readonly schema: string;
  readonly manifest: readonly ManifestEntry[];
}

/** The statement that says it, of a schema; its one value is `hooksRequest`. */
export function hooksStatement(schema: string): string {
  return `select ${schema}.replace_hooks($1::pg_catalog.jsonb) as answer`;
}

/** What the database needs to know of a manifest. */
export function hooksRequest(manifest: readonly ManifestEntry[]): string {
  return JSON.stringify({ manifest: manifest.map(({ name, version, hooks }) => ({ name, version, ...(hooks && { hooks }) })) });
}

/**
 * Says what follows the endings of these workflows from now on, in the place of what was said of
 * them before; gives of how many something changed.
 */
export async function replaceHooks({ url, schema, manifest }: HooksOptions): Promise<number> {
  return withClient(url, async (client) => {
    const { rows } = await client.query<{ answer: { changed: number } }>(hooksStatement(schema), [hooksRequest(manifest)]);
    return rows[0]!.answer.changed;
  });
}

/** SQLSTATE insufficient_privilege. */
const REFUSED = "42501";

/**
 * The same where the login may be one that is not the owner's: then pollers say what nobody has
 * said yet, and what has changed waits for a deployment.
 */
export async function replaceHooksIfOwner(options: HooksOptions): Promise<void> {
  await replaceHooks(options).catch((thrown: unknown) => {
    if ((thrown as { code?: string }).code !== REFUSED) throw thrown;
  });
}

/** The manifest of a list of workflows. */
export function manifestOf(workflows: readonly AnyWorkflow[]): readonly ManifestEntry[] {
  return createRegistry(workflows, { pollerTimeoutMs: Infinity }).manifest();
}
