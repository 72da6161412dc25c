import { randomUUID } from "node:crypto";
import { expect, test } from "vitest";
import { handler } from "../../functions/control-runs.http.ts";
import type { Json } from "../../shared/domain/json.ts";
import { MAX_STATE_BYTES } from "../../shared/domain/limits.ts";
import type { RunView } from "../../shared/engine/operate/describe-run.ts";
import { LAMBDA_RESPONSE_LIMIT } from "../../shared/lambda/run-answer.ts";
import { checkAfterEach, engineOf, leaseOf, member, newRun, newRuns, step } from "../support/engine-calls.ts";
import { call, deployFunctions } from "../support/http-functions.ts";

const database = await deployFunctions("operator");
const engine = engineOf(database);
checkAfterEach(database);

const outputBytes = 250 * 1024;
const perRun = Math.floor((MAX_STATE_BYTES - 4_096) / outputBytes);
/**
 * JSON of so many bytes as the database writes it, of the sorts that grow most on their way: in
 * text, escaped, or by their count.
 */
const sorts: [string, (bytes: number) => Json][] = [
  ["empty texts", (bytes) => Array.from({ length: Math.floor(bytes / 4) }, () => "")],
  ["quotes", (bytes) => '"'.repeat(Math.floor(bytes / 2) - 1)],
  ["small numbers", (bytes) => Array.from({ length: Math.floor(bytes / 3) }, () => 1)],
  ["short texts", (bytes) => Array.from({ length: Math.floor(bytes / 15) }, (_, nth) => `text-${nth % 1e6}`.padEnd(11))],
  ["other letters", (bytes) => "ж".repeat(Math.floor(bytes / 2) - 1)],
];

for (const [sort, make] of sorts) {
  test(`a run of 4 MiB of ${sort} is enqueued, claimed, and shown whole by one GET`, async () => {
    const output = make(outputBytes);
    const { token, runs } = await leaseOf(engine, [newRun({ input: output })]);
    for (let round = 1; round < perRun; round++) {
      await engine.advance(token, round, { steps: [step(runs[0]!, { node: `n${round}`, position: round - 1, output })] });
    }
    await engine.release(token);
    const again = await engine.claim();
    expect(Object.keys(again.runs[0]!.outputs!)).toHaveLength(perRun - 1);
    await engine.advance(again.token, 1, { done: again.runs.map(member) });
    const { status, body, payloadBytes } = await call<RunView>(handler, { path: `/runs/${runs[0]!.id}` });
    expect(status).toBe(200);
    expect(payloadBytes).toBeLessThanOrEqual(LAMBDA_RESPONSE_LIMIT);
    expect(body).not.toHaveProperty("leftOut");
    const shown = body.steps.filter(({ name }) => /^n\d/.test(name));
    expect(shown.map((node) => JSON.stringify(node.output).length)).toEqual(
      Array.from({ length: perRun - 1 }, () => JSON.stringify(output).length),
    );
    expect((await engine.state(runs[0]!.id))!["n1"]).toEqual(output);
  });
}

test("a run whose thousands of errors outgrow an answer is shown without what is named as left out", async () => {
  const { token, runs } = await leaseOf(engine, [newRun({ input: "" })]);
  const output = '"'.repeat(outputBytes / 2 - 1);
  await engine.advance(token, 1, {
    steps: Array.from({ length: 15 }, (_, nth) => step(runs[0]!, { node: `n${nth}`, position: nth, output })),
  });
  await database.query(
    `insert into baton.failure select $1, 'broken', n, now(), now() + n * interval '1 millisecond', null,
       jsonb_build_object('name', 'Error', 'message', repeat('m', 8000), 'stack', repeat('s', 16000)) from generate_series(1, 3000) as n`,
    [runs[0]!.id],
  );
  const { status, body, payloadBytes } = await call<RunView & { leftOut: string[] }>(handler, { path: `/runs/${runs[0]!.id}` });
  expect(status).toBe(200);
  expect(payloadBytes).toBeLessThanOrEqual(LAMBDA_RESPONSE_LIMIT);
  expect(body.leftOut).toContain("stacks");
  await engine.release(token);
  await engine.cancel(runs[0]!.id);
});

test("a request of 1 MB with idempotency keys is stored by one call", async () => {
  const input = Array.from({ length: 1_000_000 / 8 }, () => "text");
  const runs = newRuns(4, { input: input.slice(0, input.length / 4) }).map((run) => ({ ...run, key: randomUUID(), hash: "h" }));
  const request = { workflow: "fulfil-order", key: randomUUID(), hash: "h" };
  const { runs: accepted } = await engine.enqueue(runs, request);
  expect(accepted.map(({ id }) => id)).toEqual(runs.map(({ id }) => id));
  expect((await engine.enqueue(runs, request)).runs).toEqual(accepted);
});
