import httpRouter from "@middy/http-router";
import { type AnswerApp, answerAppOf } from "./answer-app.ts";
import { pageOfProblem, problemOfAnswer } from "./answer-problem.ts";
import { decideApproval, showApproval } from "./approval-request.ts";
import { beatCallback, completeCallback, failCallback } from "./callback-request.ts";
import type { HttpAnswer, HttpEvent } from "./http-event.ts";
import { type HttpFunction, openFunction, unknownRoute } from "./http-function.ts";
import type { Service } from "./service.ts";

interface OpenRoute {
  readonly method: "GET" | "POST";
  readonly path: string;
  readonly answerer: (event: HttpEvent, app: AnswerApp) => Promise<HttpAnswer>;
}

/** What needs no API key: the token in the path gives leave to one answer. */
export const OPEN_ROUTES: readonly OpenRoute[] = [
  { method: "GET", path: "/approvals/{token}", answerer: showApproval },
  { method: "POST", path: "/approvals/{token}", answerer: decideApproval },
  { method: "POST", path: "/callbacks/{token}/complete", answerer: completeCallback },
  { method: "POST", path: "/callbacks/{token}/fail", answerer: failCallback },
  { method: "POST", path: "/callbacks/{token}/heartbeat", answerer: beatCallback },
];

/**
 * The function without an API key: links of approvals, for people, and answers to callbacks, for
 * programs.
 *
 * Its settings come from the environment, with the first invocation.
 */
export function answerWaits(service: Service): HttpFunction<AnswerApp> {
  return answerWaitsOf(answerAppOf(service));
}

/** The same, on an app that is there. */
export function answerWaitsOf(app: () => AnswerApp): HttpFunction<AnswerApp> {
  const routes = OPEN_ROUTES.map(({ method, path, answerer }) => ({
    method,
    path,
    handler: (event: HttpEvent) => answerer(event, app()).catch((thrown: unknown) => Promise.reject(problemOfAnswer(thrown) as Error)),
  }));
  return openFunction(app, httpRouter<HttpEvent, HttpAnswer>({ routes, notFoundResponse: unknownRoute }), pageOfProblem);
}
