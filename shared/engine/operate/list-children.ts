import { validate } from "uuid";
import * as z from "zod";
import type { ChildrenAnswer, ChildrenRequest, ListedChild } from "../../domain/family-protocol.ts";
import type { RunStatus } from "../../domain/run-protocol.ts";
import type { Caller } from "../ask.ts";
import { repeatCall } from "../repeat-call.ts";
import { cursorRule, pageLimit, parseFilter, stepPath } from "./page-filter.ts";
import { utc } from "./run-format.ts";

/** What listing children needs of the database. */
export interface ChildLister extends Caller {
  readonly runs: {
    listChildren(id: string, request: ChildrenRequest, options: { readonly timeoutMs: number }): Promise<ChildrenAnswer | null>;
  };
}

/** Which children of a run to list; without any: all. */
export interface ChildFilter {
  /** Only those that the node with this path has started. */
  readonly path?: string | undefined;
  /** The most children of a page, 1 to 100 (default 20). */
  readonly limit?: number | undefined;
  /** The cursor of the page before. */
  readonly cursor?: string | undefined;
}

/** A run that another one has started; of one that was deleted no more is known than its id. */
export interface ChildSummary {
  readonly id: string;
  /** The path of the node that started it. */
  readonly path: string;
  /** Its parent does not wait for it. */
  readonly detached: boolean;
  readonly workflow: string | null;
  readonly version: number | null;
  readonly status: RunStatus | null;
  readonly createdAt: string | null;
  /** Null also until it has ended. */
  readonly finishedAt: string | null;
}

/** A page of children, by path, and as they were started. */
export interface ChildPage {
  readonly children: readonly ChildSummary[];
  /** To ask for the next page; null on the last. */
  readonly cursor: string | null;
  /** Whether there are more. */
  readonly more: boolean;
}

/** In base64url: a path has slashes. */
const cursorOf = ({ path, id }: ListedChild) => Buffer.from(JSON.stringify([path, id])).toString("base64url");

const cursor = z.string().transform((text, context) => {
  const [path, id] = entriesOf(text);
  if (stepPath.safeParse(path).success && validate(id)) return { path: path as string, id: id as string };
  context.addIssue({ code: "custom", message: cursorRule });
  return z.NEVER;
});

/** What a cursor holds; nothing where it is none. */
function entriesOf(text: string): readonly unknown[] {
  try {
    const entries = JSON.parse(Buffer.from(text, "base64url").toString()) as unknown;
    return Array.isArray(entries) ? entries : [];
  } catch {
    return [];
  }
}

/** Everything that a list of children takes, checked, and in the words of the database. */
export const childFilter = z
  .strictObject({ path: stepPath.optional(), limit: pageLimit, cursor: cursor.optional() })
  .transform(({ path, limit, cursor: after }): ChildrenRequest => ({
    limit,
    ...(path !== undefined && { path }),
    ...(after && { after }),
  }));

/** Throws InvalidFilterError, which names what is wrong. */
export function readChildFilter(filter: ChildFilter): ChildrenRequest {
  return parseFilter(childFilter, filter);
}

/** Lists the runs that a run has started; null where there is no such run. */
export async function listChildren(lister: ChildLister, id: string, request: ChildrenRequest): Promise<ChildPage | null> {
  const answer = validate(id) ? await repeatCall(lister, (options) => lister.runs.listChildren(id, request, options)) : null;
  if (answer === null) return null;
  const { children, more } = answer;
  return { children: children.map(summaryOf), cursor: more ? cursorOf(children.at(-1)!) : null, more };
}

function summaryOf({ id, path, detached, workflow, version, status, created_at, finished_at }: ListedChild): ChildSummary {
  return {
    id,
    path,
    detached,
    workflow: workflow ?? null,
    version: version ?? null,
    status: status ?? null,
    createdAt: created_at === undefined ? null : utc(created_at),
    finishedAt: finished_at == null ? null : utc(finished_at),
  };
}
