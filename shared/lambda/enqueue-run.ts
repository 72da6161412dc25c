import { type App, appOf } from "./app.ts";
import { enqueueProblem, idempotencyKeyOf, readRuns, workflowOf } from "./enqueue-request.ts";
import { answer } from "./http-event.ts";
import { allow, type Answerer, httpFunction, type HttpFunction } from "./http-function.ts";
import { readJson } from "./json-body.ts";
import { readQuery } from "./query.ts";
import type { Service } from "./service.ts";

/**
 * The function behind `POST /workflows/{name}/runs`: stores one run, or a batch all or nothing, and
 * wakes a poller.
 *
 * Once it has answered 202, the runs are durable. The Idempotency-Key header makes a repeat of the
 * request harmless for 7 days. Its settings come from the environment, with the first invocation.
 */
export function enqueueRun(service: Service): HttpFunction {
  return enqueueRunOf(appOf(service));
}

/** The same, on an app that is there. */
export function enqueueRunOf(app: () => App): HttpFunction {
  return httpFunction(app, allow(app, ["producer"], enqueue));
}

/** The one route. */
export const ENQUEUE_ROUTE = "POST /workflows/{name}/runs";

const enqueue: Answerer = async (event, { client, registry }) => {
  readQuery(event);
  const workflow = workflowOf(registry, event);
  const idempotencyKey = idempotencyKeyOf(event);
  const body = readJson(event);
  const request = readRuns(body);
  const runs = await client.enqueueMany(workflow, request.runs, { idempotencyKey, body }).catch((thrown: unknown) => {
    throw enqueueProblem(thrown, request);
  });
  const first = runs[0]!;
  return request.isBatch ? answer(202, { runs }) : answer(202, first, { location: `/runs/${first.id}` });
};
