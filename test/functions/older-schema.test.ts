import { expect, test, vi } from "vitest";
import { handler as controlRuns } from "../../functions/control-runs.http.ts";
import { handler as enqueueRun } from "../../functions/enqueue-run.http.ts";
import { app } from "../../shared/lambda/app.ts";
import { call, deployFunctions } from "../support/http-functions.ts";

const database = await deployFunctions("owner");
const logged = vi.spyOn(app().logger, "error");

const post = () =>
  call(enqueueRun, {
    method: "POST",
    path: "/workflows/fulfil-order/runs",
    parameters: { name: "fulfil-order" },
    body: { input: { orderId: "o-1", amountCents: 1 } },
  });

test("over a database that is not migrated yet, the API is unavailable and not broken, and the log says what to run", async () => {
  for (const statement of ["alter function baton.enqueue(jsonb) rename to enqueue_gone", "drop schema baton cascade"]) {
    await database.query(statement);
    const { status, headers, body } = await post();
    expect(status).toBe(503);
    expect(headers).toMatchObject({ "retry-after": "30" });
    expect(body).toMatchObject({
      type: "urn:baton:problem:unavailable",
      detail: expect.stringMatching(/^Nothing was stored: .* not migrated yet/),
    });
    const [, fields] = logged.mock.lastCall!;
    expect(fields).toMatchObject({ error: { name: "OlderSchemaError", message: expect.stringContaining("npm run migrate") } });
  }
  expect((await call(controlRuns, { method: "GET", path: "/runs" })).status).toBe(503);
});
