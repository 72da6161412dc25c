import { afterEach, expect, test, vi } from "vitest";
import { handler } from "../../functions/enqueue-run.http.ts";
import { errorFields } from "../../shared/lambda/error-fields.ts";
import { call, deployFunctions } from "../support/http-functions.ts";
import { apiKey } from "../support/http-event.ts";

const database = await deployFunctions("producer");
const password = new URL(database.url("producer")).password;
const logged: unknown[] = [];
for (const level of ["debug", "info", "warn", "error"] as const) {
  vi.spyOn(handler.app().logger, level).mockImplementation((message, fields) => void logged.push([message, fields]));
}
afterEach(() => void (logged.length = 0));

const post = (orderId: string) =>
  call(handler, {
    method: "POST",
    path: "/workflows/fulfil-order/runs",
    parameters: { name: "fulfil-order" },
    body: { input: { orderId, amountCents: 1 } },
  });

test("a failed request is logged with its instance, and without the password, the API key or the input", async () => {
  await database.query("revoke execute on function baton.enqueue from baton_producer");
  const { body } = await post("canary-order");
  await database.query("grant execute on function baton.enqueue to baton_producer");
  const text = JSON.stringify(logged);
  expect(logged).toHaveLength(1);
  expect(text).toContain(body.instance);
  expect(text).toContain("42501");
  for (const secret of [password, apiKey, "canary-order"]) expect(text).not.toContain(secret);
});

test("a database that is away is logged, without its password", async () => {
  database.neon.inject(() => ({ kind: "drop-before" }));
  await post("o-1");
  database.neon.inject(undefined);
  const text = JSON.stringify(logged);
  expect(text).toContain("a request failed");
  expect(text).not.toContain(password);
});

test("a URL in the text of an error is logged without its credentials", () => {
  const text = JSON.stringify(errorFields(new Error("cannot reach postgresql://user:canary@host/db")));
  expect(text).toContain("://***@host/db");
  expect(text).not.toContain("canary");
});
