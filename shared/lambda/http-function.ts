import middyStack from "@middy/core";
import type { Context } from "aws-lambda";
import type { Logger } from "../domain/node.ts";
import type { KeyRole } from "./api-key.ts";
import type { App } from "./app.ts";
import { bearerAuth, callerOf } from "./bearer-auth.ts";
import type { HttpAnswer, HttpEvent } from "./http-event.ts";
import { serviceName } from "./config.ts";
import { rejectionMetrics, type RejectionMetrics } from "./metrics.ts";
import { Problem, type ProblemPage } from "./problem.ts";
import { problemDetails } from "./problem-details.ts";
import { requestLog } from "./request-log.ts";
import { securityHeaders } from "./security-headers.ts";
import { stepLogger } from "./step-logger.ts";

/** What API Gateway invokes. */
export type HttpHandler = (event: HttpEvent, context: Context) => Promise<HttpAnswer>;

/** A function as a factory makes it. */
export interface HttpFunction<Made extends Watched = App> extends HttpHandler {
  /** What it works with; made by the first call. */
  readonly app: () => Made;
}

/** What the stack itself needs of an app. */
type Watched = Pick<App, "logger" | "countsRejections">;

/** What answers one kind of request; it throws a `Problem`, or an error that stands for one. */
export type Answerer = (event: HttpEvent, app: App) => Promise<HttpAnswer>;

/** Half a second of the invocation is kept for an answer that says 503 instead of none. */
const timeoutEarlyInMillis = 500;

/**
 * The stack that an HTTP function stands on: safe headers, problem details, and an API key before
 * anything else.
 */
export function httpFunction(app: () => App, handle: HttpHandler): HttpFunction {
  const stack = stackOf(app).use(bearerAuth(() => app().keys));
  return handledBy(app, stack.handler(handle));
}

/** The same without an API key: what lets a request pass is in its path. */
export function openFunction<Made extends Watched>(app: () => Made, handle: HttpHandler, pageOf: ProblemPage): HttpFunction<Made> {
  return handledBy(app, stackOf(app, pageOf).handler(handle));
}

function handledBy<Made extends Watched>(app: () => Made, stack: HttpHandler): HttpFunction<Made> {
  return Object.assign(async (event: HttpEvent, context: Context) => stack(event, context), { app });
}

function stackOf(app: () => Watched, pageOf?: ProblemPage) {
  const logger = () => loggerOf(app);
  return middyStack<HttpEvent, HttpAnswer>({ timeoutEarlyInMillis })
    .use(requestLog(logger))
    .use(securityHeaders())
    .use(problemDetails(logger, (status) => countRejection(app, status), pageOf));
}

/** A handler for the keys of these roles; an operator may do everything. */
export function allow(app: () => App, roles: readonly Exclude<KeyRole, "operator">[], answerer: Answerer): HttpHandler {
  const allowed: readonly KeyRole[] = [...roles, "operator"];
  return async (event) => {
    const caller = callerOf(event);
    if (caller !== undefined && allowed.includes(caller.role)) return answerer(event, app());
    throw new Problem("forbidden", `This is for a key with the role ${allowed.join(" or ")}; yours is ${caller?.role ?? "nobody's"}.`);
  };
}

/** What a router does with a path that it does not know. */
export function unknownRoute(): never {
  throw new Problem("unknown-route", "There is no such route.");
}

let metrics: RejectionMetrics | undefined;

function countRejection(app: () => Watched, status: number): void {
  if (ready(app)?.countsRejections === false) return;
  metrics ??= rejectionMetrics(serviceName(process.env), process.env["BATON_STAGE"] || "production");
  metrics(status);
}

/**
 * Wrong settings stop the app from being made; the line that says so needs a logger all the same.
 */
function loggerOf(app: () => Watched): Logger {
  return ready(app)?.logger ?? stepLogger(`${serviceName(process.env)}-api`);
}

/** Undefined where it cannot be made. */
function ready(app: () => Watched): Watched | undefined {
  try {
    return app();
  } catch {
    return undefined;
  }
}
