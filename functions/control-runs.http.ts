import httpRouter from "@middy/http-router";
import { app } from "../shared/lambda/app.ts";
import { answer, type HttpAnswer, type HttpEvent } from "../shared/lambda/http-event.ts";
import { allow, httpFunction, type HttpHandler } from "../shared/lambda/http-function.ts";
import { idOf, readCaller, readLife } from "../shared/lambda/life-request.ts";
import { readListRequest } from "../shared/lambda/list-request.ts";
import { Problem } from "../shared/lambda/problem.ts";
import { readQuery } from "../shared/lambda/query.ts";
import { runAnswer } from "../shared/lambda/run-answer.ts";

const list: HttpHandler = async (event) => answer(200, await app().control.list(readListRequest(event)));

const find: HttpHandler = async (event) => {
  readQuery(event);
  const run = await app().client.get(idOf(event));
  if (run === null) throw new Problem("unknown-run", await app().control.explainUnknown(idOf(event)));
  return runAnswer(run);
};

const cancel: HttpHandler = async (event) => answer(202, await app().control.cancel(idOf(event), readLife(event)));
const redrive: HttpHandler = async (event) => answer(202, await app().control.redrive(idOf(event), readLife(event)));
const remove: HttpHandler = async (event) => answer(200, await app().control.delete(idOf(event), readCaller(event)));

/** Looks at runs and steers them; each route with its handler. */
export const handler = httpFunction(
  httpRouter<HttpEvent, HttpAnswer>({
    routes: [
      { method: "GET", path: "/runs", handler: allow(["reader"], list) },
      { method: "GET", path: "/runs/{id}", handler: allow(["reader", "producer"], find) },
      { method: "POST", path: "/runs/{id}/cancel", handler: allow([], cancel) },
      { method: "POST", path: "/runs/{id}/redrive", handler: allow([], redrive) },
      { method: "DELETE", path: "/runs/{id}", handler: allow([], remove) },
    ],
    notFoundResponse: () => {
      throw new Problem("unknown-route", "There is no such route.");
    },
  }),
);
