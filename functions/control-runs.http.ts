import httpRouter from "@middy/http-router";
import { app } from "../shared/lambda/app.ts";
import { changeAttributes } from "../shared/lambda/attributes-request.ts";
import { answer, runIdOf, type HttpAnswer, type HttpEvent } from "../shared/lambda/http-event.ts";
import { allow, httpFunction, type HttpHandler, unknownRoute } from "../shared/lambda/http-function.ts";
import { readCaller, readLife } from "../shared/lambda/life-request.ts";
import { listRuns, listWorkflows } from "../shared/lambda/list-request.ts";
import { Problem } from "../shared/lambda/problem.ts";
import { readQuery } from "../shared/lambda/query.ts";
import { reportAnswer } from "../shared/lambda/report-answer.ts";
import { runAnswer } from "../shared/lambda/run-answer.ts";

const report: HttpHandler = async (event) => reportAnswer(event, app().database);
const find: HttpHandler = async (event) => {
  readQuery(event);
  const run = await app().client.get(runIdOf(event));
  if (run === null) throw new Problem("unknown-run", await app().control.explainUnknown(runIdOf(event)));
  return runAnswer(run);
};

const cancel: HttpHandler = async (event) => answer(202, await app().control.cancel(runIdOf(event), readLife(event)));
const redrive: HttpHandler = async (event) => answer(202, await app().control.redrive(runIdOf(event), readLife(event)));
const remove: HttpHandler = async (event) => answer(200, await app().control.delete(runIdOf(event), readCaller(event)));

/** Looks at runs, steers them and makes reports; each route with its handler. */
export const handler = httpFunction(
  httpRouter<HttpEvent, HttpAnswer>({
    routes: [
      { method: "GET", path: "/runs", handler: allow(["reader"], listRuns) },
      { method: "GET", path: "/workflows", handler: allow(["reader"], listWorkflows) },
      { method: "GET", path: "/reports/{name}", handler: allow(["reader"], report) },
      { method: "GET", path: "/runs/{id}", handler: allow(["reader", "producer"], find) },
      { method: "PATCH", path: "/runs/{id}/attributes", handler: allow([], changeAttributes) },
      { method: "POST", path: "/runs/{id}/cancel", handler: allow([], cancel) },
      { method: "POST", path: "/runs/{id}/redrive", handler: allow([], redrive) },
      { method: "DELETE", path: "/runs/{id}", handler: allow([], remove) },
    ],
    notFoundResponse: unknownRoute,
  }),
);
