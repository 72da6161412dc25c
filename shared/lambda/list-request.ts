import * as z from "zod";
import { parseJson } from "../domain/json-text.ts";
import { NotJsonError } from "../domain/json.ts";
import type { ListRequest, WorkflowsRequest } from "../domain/run-protocol.ts";
import { childFilter } from "../engine/operate/list-children.ts";
import { stepFilter } from "../engine/operate/list-steps.ts";
import { runFilter, runVersion } from "../engine/operate/run-filter.ts";
import { answer, runIdOf, type HttpEvent } from "./http-event.ts";
import type { Answerer } from "./http-function.ts";
import { Problem } from "./problem.ts";
import { readQuery } from "./query.ts";
import { stepsAnswer } from "./run-answer.ts";
import { isSearch, searchRuns } from "./search-request.ts";

/** What is no number stays a text, which the filter then refuses. */
const number = z.string().transform((text) => (/^\d{1,10}$/.test(text) ? Number(text) : text));

const json = z.string().transform((text, context) => {
  try {
    return parseJson(text);
  } catch (thrown) {
    const message = thrown instanceof NotJsonError ? thrown.reason : 'give JSON, as in {"customerId":"c-1"}';
    const path = thrown instanceof NotJsonError ? thrown.pointer.split("/").slice(1) : [];
    context.addIssue({ code: "custom", path, message, input: text });
    return z.NEVER;
  }
});

const text = z.string().optional();

const Query = z
  .strictObject({
    workflow: text,
    version: number.optional(),
    status: text,
    attributes: json.optional(),
    createdAfter: text,
    createdBefore: text,
    endedAfter: text,
    endedBefore: text,
    errorName: text,
    failedNode: text,
    limit: number.optional(),
    cursor: text,
  })
  .transform((raw) => raw as z.input<typeof runFilter>)
  .pipe(runFilter);

const limitRule = "give a whole number from 1 to 10";

const Page = z.strictObject({
  version: number.pipe(runVersion).optional(),
  limit: number.pipe(z.int({ error: limitRule }).min(1, { error: limitRule }).max(10, { error: limitRule })).default(10),
  cursor: z
    .string()
    .regex(/^[^\0]{1,200}$/, { error: "give the cursor of the page before" })
    .optional(),
});

const Steps = z
  .strictObject({ under: z.string().default(""), status: text, limit: number.optional(), cursor: text })
  .transform((raw) => raw as z.input<typeof stepFilter>)
  .pipe(stepFilter);

const Children = z
  .strictObject({ path: text, limit: number.optional(), cursor: text })
  .transform((raw) => raw as z.input<typeof childFilter>)
  .pipe(childFilter);

/** `GET /runs`: by filters, or by a text. */
export const listRuns: Answerer = async (event, app) =>
  answer(200, await (isSearch(event) ? searchRuns(event, app) : app.control.list(readListRequest(event))));

/** `GET /runs/{id}/steps`. */
export const listSteps: Answerer = async (event, { control }) => {
  const page = await control.steps(runIdOf(event), readQuery(event, Steps));
  if (page === null) throw new Problem("unknown-run", await control.explainUnknown(runIdOf(event)));
  return stepsAnswer(page);
};

/** `GET /runs/{id}/children`. */
export const listChildren: Answerer = async (event, { control }) => {
  const page = await control.children(runIdOf(event), readQuery(event, Children));
  if (page === null) throw new Problem("unknown-run", await control.explainUnknown(runIdOf(event)));
  return answer(200, page);
};

/** `GET /workflows`. */
export const listWorkflows: Answerer = async (event, app) => answer(200, await app.control.workflows(readWorkflowsRequest(event)));

/** What `GET /workflows` asks for: 10 workflows at most. */
function readWorkflowsRequest(event: HttpEvent): WorkflowsRequest {
  const { limit, cursor, version } = readQuery(event, Page);
  return { limit, ...(cursor !== undefined && { after: cursor }), ...(version !== undefined && { version }) };
}

/** What `GET /runs` asks for: 20 runs by default, at most 100. */
function readListRequest(event: HttpEvent): ListRequest {
  return readQuery(event, Query);
}
