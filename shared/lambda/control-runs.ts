import httpRouter from "@middy/http-router";
import { type App, appOf } from "./app.ts";
import type { KeyRole } from "./api-key.ts";
import { changeAttributes } from "./attributes-request.ts";
import { answer, runIdOf, type HttpAnswer, type HttpEvent } from "./http-event.ts";
import { allow, type Answerer, httpFunction, type HttpFunction, unknownRoute } from "./http-function.ts";
import { readCaller, readCancel, readLife } from "./life-request.ts";
import { listRuns, listSteps, listWorkflows } from "./list-request.ts";
import { Problem } from "./problem.ts";
import { readQuery } from "./query.ts";
import { reportAnswer } from "./report-answer.ts";
import { runAnswer } from "./run-answer.ts";
import type { Service } from "./service.ts";
import { signalKey, signalRun } from "./signal-request.ts";

const report: Answerer = async (event, { database }) => reportAnswer(event, database);
const find: Answerer = async (event, { client, control }) => {
  readQuery(event);
  const run = await client.get(runIdOf(event));
  if (run === null) throw new Problem("unknown-run", await control.explainUnknown(runIdOf(event)));
  return runAnswer(run);
};

const cancel: Answerer = async (event, { control }) => answer(202, await control.cancel(runIdOf(event), readCancel(event)));
const redrive: Answerer = async (event, { control }) => answer(202, await control.redrive(runIdOf(event), readLife(event)));
const remove: Answerer = async (event, { control }) => answer(200, await control.delete(runIdOf(event), readCaller(event)));

interface Route {
  readonly method: "GET" | "PATCH" | "POST" | "DELETE";
  readonly path: string;
  /** Whose keys it takes besides an operator's. */
  readonly roles: readonly Exclude<KeyRole, "operator">[];
  readonly answerer: Answerer;
}

export const ROUTES: readonly Route[] = [
  { method: "GET", path: "/runs", roles: ["reader"], answerer: listRuns },
  { method: "GET", path: "/workflows", roles: ["reader"], answerer: listWorkflows },
  { method: "GET", path: "/reports/{name}", roles: ["reader"], answerer: report },
  { method: "GET", path: "/runs/{id}", roles: ["reader", "producer"], answerer: find },
  { method: "GET", path: "/runs/{id}/steps", roles: ["reader", "producer"], answerer: listSteps },
  { method: "PATCH", path: "/runs/{id}/attributes", roles: [], answerer: changeAttributes },
  { method: "POST", path: "/runs/{id}/cancel", roles: [], answerer: cancel },
  { method: "POST", path: "/runs/{id}/signals/{name}", roles: ["producer"], answerer: signalRun },
  { method: "POST", path: "/workflows/{workflow}/signals/{name}/{key}", roles: ["producer"], answerer: signalKey },
  { method: "POST", path: "/runs/{id}/redrive", roles: [], answerer: redrive },
  { method: "DELETE", path: "/runs/{id}", roles: [], answerer: remove },
];

/**
 * The function that looks at runs, steers them and makes reports: what hangs on every route but
 * `POST /workflows/{name}/runs`.
 *
 * Its settings come from the environment, with the first invocation.
 */
export function controlRuns(service: Service): HttpFunction {
  return controlRunsOf(appOf(service));
}

/** The same, on an app that is there. */
export function controlRunsOf(app: () => App): HttpFunction {
  const routes = ROUTES.map(({ method, path, roles, answerer }) => ({ method, path, handler: allow(app, roles, answerer) }));
  return httpFunction(app, httpRouter<HttpEvent, HttpAnswer>({ routes, notFoundResponse: unknownRoute }));
}
