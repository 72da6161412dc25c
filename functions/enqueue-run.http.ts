import { app } from "../shared/lambda/app.ts";
import { enqueueProblem, idempotencyKeyOf, readRuns, workflowOf } from "../shared/lambda/enqueue-request.ts";
import { answer } from "../shared/lambda/http-event.ts";
import { allow, httpFunction } from "../shared/lambda/http-function.ts";
import { readJson } from "../shared/lambda/json-body.ts";
import { readQuery } from "../shared/lambda/query.ts";

/**
 * `POST /workflows/{name}/runs`: stores one run, or a batch all or nothing, and wakes a poller.
 *
 * Once it has answered 202, the runs are durable. The Idempotency-Key header makes a repeat of the
 * request harmless for 7 days.
 */
export const handler = httpFunction(
  allow(["producer"], async (event) => {
    const { client, registry } = app();
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
  }),
);
