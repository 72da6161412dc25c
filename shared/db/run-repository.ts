import type { ChildrenAnswer, ChildrenRequest } from "../domain/family-protocol.ts";
import type {
  AnswerWaitAnswer,
  AnswerWaitRequest,
  SignalAnswer,
  SignalRequest,
  UnclaimedAnswer,
  UnclaimedRequest,
} from "../domain/mail-protocol.ts";
import type { AdvanceAnswer, ClaimAnswer, ClaimRequest, EnqueueAnswer, EnqueueRequest, TickAnswer } from "../domain/protocol.ts";
import type {
  AttributesAnswer,
  AttributesRequest,
  CancelAnswer,
  CancelRequest,
  DeleteAnswer,
  LifeRequest,
  RedriveAnswer,
} from "../domain/life-protocol.ts";
import type {
  ListAnswer,
  ListedRun,
  ListRequest,
  RunFacts,
  SearchAnswer,
  SearchRequest,
  StepsAnswer,
  StepsRequest,
  WorkflowsAnswer,
  WorkflowsRequest,
} from "../domain/run-protocol.ts";
import { columns, keysOf } from "../domain/columns.ts";
import { DatabaseRefusedError, OlderSchemaError } from "../domain/database-errors.ts";
import type { Json } from "../domain/json.ts";
import { acceptedRuns, decodeRuns, encodeRuns } from "../domain/wire.ts";
import type { Statement } from "../domain/statement.ts";
import type { CallOptions, Database } from "./database.ts";

/**
 * Up to 50 nodes' statements wait for locks one after the other; the lease cannot be reaped while
 * its row is locked.
 */
const patient: CallOptions = { timeoutMs: 60_000 };

/** Extends a lease without a round; false: it is gone. */
export async function beat(database: Database, token: string, ttlMs: number, options?: CallOptions): Promise<boolean> {
  const text = `select ${database.schema}.beat($1::pg_catalog.uuid, $2::pg_catalog.int4) as answer`;
  const [row] = await database.query<{ answer: { held: boolean } }>(text, [token, ttlMs], options);
  return row!.answer.held;
}

const ofRound = "$1::pg_catalog.uuid, $2::pg_catalog.int4, $3::pg_catalog.jsonb";
const keepRole = "pg_catalog.set_config('baton.role', current_user::pg_catalog.text, true) as role";

const filtersOfBefore = new Set(["workflow", "status", "before", "limit"]);

export type RunRepository = ReturnType<typeof runRepository>;

/**
 * The engine's SQL functions as methods of the same names; each is one statement, one round trip
 * and one commit.
 */
export function runRepository(database: Database) {
  const { schema } = database;
  const round = `select ${schema}.advance(${ofRound}) as answer`;
  const proof = `select ${schema}.prove_round($1::pg_catalog.uuid, $2::pg_catalog.int4, current_user)`;
  async function call<Answer>(text: string, values: readonly unknown[], options?: CallOptions): Promise<Answer> {
    const [row] = await database.query<{ answer: Answer }>(text, values, options);
    return row!.answer;
  }
  const json = (value: unknown) => JSON.stringify(value);
  const release = (token: string, options?: CallOptions) =>
    call<{ released: number }>(`select ${schema}.release($1::pg_catalog.uuid) as answer`, [token], options);
  return {
    async enqueue(request: EnqueueRequest, options?: CallOptions): Promise<EnqueueAnswer> {
      const text = `select ${schema}.enqueue($1::pg_catalog.jsonb) as answer`;
      return acceptedRuns(request, await call<never>(text, [encodeRuns(request)], options).catch(throwOlder));
    },
    signal: (request: SignalRequest, options?: CallOptions) =>
      call<SignalAnswer>(`select ${schema}.signal($1::pg_catalog.jsonb) as answer`, [json(request)], options),
    answerWait: (request: AnswerWaitRequest, options?: CallOptions) =>
      call<AnswerWaitAnswer>(`select ${schema}.answer_wait($1::pg_catalog.jsonb) as answer`, [json(request)], options),
    async claim(token: string, request: ClaimRequest, options?: CallOptions): Promise<ClaimAnswer> {
      const answer = await call(
        `select ${schema}.claim($1::pg_catalog.uuid, $2::pg_catalog.jsonb) as answer`,
        [token, json(request)],
        options,
      );
      try {
        return decodeRuns(answer as never);
      } catch (thrown) {
        // What cannot be read is given back, or it would look like the work of a poller that
        // crashed.
        await release(token, options);
        throw thrown;
      }
    },
    /** request is the text of `encodeRound`. */
    advance: async (token: string, number: number, request: string, options?: CallOptions): Promise<AdvanceAnswer> =>
      decodeRuns(await call<never>(round, [token, number, request], options).catch(throwOlder)),
    /**
     * One transaction: a strict round first, which raises when fenced or applied before, then the
     * statements of sql nodes, and the proof that they left transaction and role alone.
     */
    async advanceWith(token: string, number: number, request: string, statements: readonly Statement[], options: CallOptions = patient) {
      const advance = { text: `${round}, ${keepRole}`, values: [token, number, request] };
      const last = { text: proof, values: [token, number] };
      const [rows] = await database.transaction([advance, ...statements], { ...options, last }).catch((thrown: unknown) => {
        if (isOfOlder(thrown)) throwOlder(thrown);
        throw isForeign(thrown, token) || isOfAStatement(thrown, schema)
          ? new DatabaseRefusedError(thrown.message, { rolledBack: thrown.rolledBack, cause: thrown })
          : thrown;
      });
      return decodeRuns<AdvanceAnswer>(rows![0]!["answer"] as never);
    },
    tick: (options?: CallOptions) => call<TickAnswer>(`select ${schema}.tick() as answer`, [], options),
    release,
    findRun: (id: string, options?: CallOptions) =>
      call<RunFacts | null>(`select ${schema}.find_run($1::pg_catalog.uuid) as answer`, [id], options),
    listSteps: (id: string, request: StepsRequest, options?: CallOptions) =>
      call<StepsAnswer | null>(
        `select ${schema}.list_steps($1::pg_catalog.uuid, $2::pg_catalog.jsonb) as answer`,
        [id, json(request)],
        options,
      ),
    async listRuns(request: ListRequest, options?: CallOptions): Promise<ListAnswer> {
      const paged = json({ ...request, paged: true });
      const answer = await call<ListAnswer | ListedRun[]>(`select ${schema}.list_runs($1::pg_catalog.jsonb) as answer`, [paged], options);
      // A database of before knows no pages that are short, and lets all runs through a filter of
      // today.
      const page = Array.isArray(answer) ? { runs: answer, next: null } : answer;
      if (page.more === undefined && Object.keys(request).some((key) => !filtersOfBefore.has(key))) throw new OlderSchemaError("older");
      return page;
    },
    searchRuns: (request: SearchRequest, options?: CallOptions) =>
      call<SearchAnswer>(`select ${schema}.search_runs($1::pg_catalog.jsonb) as answer`, [json(request)], options),
    listWorkflows: (request: WorkflowsRequest, options?: CallOptions) =>
      call<WorkflowsAnswer>(`select ${schema}.list_workflows($1::pg_catalog.jsonb) as answer`, [json(request)], options),
    listUnclaimed: (request: UnclaimedRequest, options?: CallOptions) =>
      call<UnclaimedAnswer>(`select ${schema}.list_unclaimed($1::pg_catalog.jsonb) as answer`, [json(request)], options),
    listChildren: (id: string, request: ChildrenRequest, options?: CallOptions) =>
      call<ChildrenAnswer | null>(
        `select ${schema}.list_children($1::pg_catalog.uuid, $2::pg_catalog.jsonb) as answer`,
        [id, json(request)],
        options,
      ),
    state: (id: string, options?: CallOptions) =>
      call<Record<string, Json> | null>(`select ${schema}.state($1::pg_catalog.uuid) as answer`, [id], options),
    redrives: (id: string, options?: CallOptions) =>
      call<number | null>(`select ${schema}.redrives($1::pg_catalog.uuid) as answer`, [id], options),
    cancel: (id: string, request: CancelRequest = {}, options?: CallOptions) =>
      call<CancelAnswer | null>(
        `select ${schema}.cancel($1::pg_catalog.uuid, $2::pg_catalog.jsonb) as answer`,
        [id, json(request)],
        options,
      ).catch(throwOlder),
    deleteRun: (id: string, request: { readonly by?: string } = {}, options?: CallOptions) =>
      call<DeleteAnswer | null>(
        `select ${schema}.delete_run($1::pg_catalog.uuid, $2::pg_catalog.jsonb) as answer`,
        [id, json(request)],
        options,
      ),
    /** Until when runs of an id's week were kept that are gone; null: none was let go. */
    keptUntil: (id: string, options?: CallOptions) =>
      call<string | null>(`select pg_catalog.to_jsonb(${schema}.kept_until($1::pg_catalog.uuid)) as answer`, [id], options),
    redrive: (id: string, request: LifeRequest = {}, options?: CallOptions) =>
      call<RedriveAnswer | null>(
        `select ${schema}.redrive($1::pg_catalog.uuid, $2::pg_catalog.jsonb) as answer`,
        [id, json(request)],
        options,
      ).catch(throwOlder),
    changeAttributes(id: string, request: AttributesRequest, options?: CallOptions) {
      const text = `select ${schema}.change_attributes($1::pg_catalog.uuid, $2::pg_catalog.jsonb) as answer`;
      return call<AttributesAnswer | null>(text, [id, json(request)], options).catch(throwOlder);
    },
  };
}

/**
 * Only the engine's own two calls say that the schema is older; a user's statement may lack a
 * function of that schema for itself.
 */
function isOfAStatement(thrown: unknown, schema: string): thrown is OlderSchemaError {
  if (!(thrown instanceof OlderSchemaError)) return false;
  const { message } = thrown.cause as Error;
  const calls = [`"${schema}"`, `${schema}.advance(uuid, integer, jsonb)`, `${schema}.prove_round(uuid, integer, name)`];
  return !calls.some((call) => message.includes(call));
}

/** Calls that have got a key since they were first made, as errors say where they come from. */
const grown = /\b(enqueue\(jsonb\)|(cancel|redrive|change_attributes)\(uuid,jsonb\)|advance\(uuid,integer,jsonb\))/;

/** The keys that they have got. */
const added: ReadonlySet<string> = new Set([
  "attributes",
  "by",
  "columns",
  "waits",
  "consumed",
  "timeouts",
  "asks",
  "children",
  "family",
  "queue",
  ...keysOf(columns.someRuns),
]);

/**
 * Functions of before attributes, the audit, signals or children refuse a call of the engine's own
 * that has some, says by whom or waits: they are older than this code, no slip of the caller's.
 */
function isOfOlder(thrown: unknown): thrown is DatabaseRefusedError {
  if (!(thrown instanceof DatabaseRefusedError) || thrown.sqlstate !== "BT040") return false;
  const [, key] = /the unknown key "(\w+)"/.exec(thrown.message) ?? [];
  return key !== undefined && added.has(key) && grown.test(thrown.where ?? "");
}

function throwOlder(thrown: unknown): never {
  throw isOfOlder(thrown)
    ? new OlderSchemaError("older", { sqlstate: thrown.sqlstate, rolledBack: thrown.rolledBack, cause: thrown })
    : thrown;
}

/**
 * A SQLSTATE by which the engine speaks, raised by somebody else: the engine's own errors name the
 * lease, whose token no statement of a user's knows. One that raises BT002 by itself must not pass
 * for a round that was applied before.
 */
function isForeign(thrown: unknown, token: string): thrown is DatabaseRefusedError {
  return thrown instanceof DatabaseRefusedError && /^BT00[123]$/.test(thrown.sqlstate ?? "") && !thrown.message.includes(token);
}
