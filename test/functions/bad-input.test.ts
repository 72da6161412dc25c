import { afterEach, describe, expect, test } from "vitest";
import { handler } from "../../functions/enqueue-run.http.ts";
import { call, deployFunctions } from "../support/http-functions.ts";
import { apiKeyHash, context, httpEvent } from "../support/http-event.ts";

const database = await deployFunctions("producer");

const order = { orderId: "o-1", amountCents: 1250 };
const good = { input: order };
const request = (body: unknown, headers: Record<string, string | undefined> = {}) => ({
  method: "POST",
  path: "/workflows/fulfil-order/runs",
  parameters: { name: "fulfil-order" },
  headers,
  body,
});
const post = (body: unknown, headers: Record<string, string | undefined> = {}) => call(handler, request(body, headers));

/** A text of an exact size in bytes that is good JSON up to its last byte. */
const ofBytes = (bytes: number) => JSON.stringify(good).padEnd(bytes, " ");
const nested = (depth: number) => `{"input":${"[".repeat(depth)}${"]".repeat(depth)}}`;

afterEach(async () => {
  const [rows] = await database.query("select count(*)::int as runs from baton.run");
  expect(rows).toEqual({ runs: 0 });
});

describe.each<[string, unknown, Record<string, string | undefined>, number, string]>([
  ["no body", undefined, { "content-type": "application/json" }, 400, "invalid-json"],
  ["an empty body", "", {}, 400, "invalid-json"],
  ["a body that is not JSON", "{", {}, 400, "invalid-json"],
  ["JSON with a byte order mark", Buffer.from("\uFEFF" + JSON.stringify(good)), {}, 400, "invalid-json"],
  ["bytes that are not UTF-8", Buffer.from([0x22, 0xff, 0xfe, 0x22]), {}, 400, "invalid-encoding"],
  ["UTF-16", Buffer.from(JSON.stringify(good), "utf16le"), {}, 400, "invalid-json"],
  ["half of a surrogate pair as it is", `{"input":"\ud800"}`, {}, 400, "invalid-encoding"],
  ["no content type", good, { "content-type": undefined }, 415, "unsupported-media-type"],
  ["a content type of a form", good, { "content-type": "application/x-www-form-urlencoded" }, 415, "unsupported-media-type"],
  ["a content type of another charset", good, { "content-type": "application/json; charset=utf-16" }, 415, "unsupported-media-type"],
  ["two content types", good, { "content-type": "application/json,text/plain" }, 415, "unsupported-media-type"],
  ["a compressed body", good, { "content-encoding": "gzip" }, 415, "unsupported-media-type"],
  ["a body of 1 MiB and a byte", ofBytes(1024 * 1024 + 1), {}, 413, "body-too-large"],
  ["a body of 1 MiB and a byte in Base64", Buffer.from(ofBytes(1024 * 1024 + 1)), {}, 413, "body-too-large"],
  ["a million open brackets", "[".repeat(1024 * 1024), {}, 400, "invalid-json"],
  ["an array", [good], {}, 422, "invalid-body"],
  ["null", "null", {}, 422, "invalid-body"],
  ["a number", "7", {}, 422, "invalid-body"],
  ["no input", {}, {}, 422, "invalid-body"],
  ["no runs", { runs: [] }, {}, 422, "invalid-body"],
  ["runs that are not runs", { runs: [1, null, "x"] }, {}, 422, "invalid-body"],
  ["runs and an input", { runs: [good], input: order }, {}, 422, "invalid-body"],
  ["an Idempotency-Key with a space", good, { "idempotency-key": "a b" }, 400, "invalid-idempotency-key"],
  ["an empty Idempotency-Key", good, { "idempotency-key": "" }, 400, "invalid-idempotency-key"],
  ["an Idempotency-Key of 256 characters", good, { "idempotency-key": "k".repeat(256) }, 400, "invalid-idempotency-key"],
  ["an Idempotency-Key that is not ASCII", good, { "idempotency-key": "clé" }, 400, "invalid-idempotency-key"],
])("%s", (_, body, headers, status, kind) => {
  test(`is answered with ${status} ${kind} before any work is done`, async () => {
    const requests = database.neon.stats.requests;
    const answered = await post(body, headers);
    expect(answered.status).toBe(status);
    expect(answered.headers["content-type"]).toBe("application/problem+json");
    expect(answered.body).toMatchObject({
      type: `urn:baton:problem:${kind}`,
      title: expect.any(String),
      status,
      detail: expect.any(String),
      instance: expect.any(String),
    });
    expect(database.neon.stats.requests).toBe(requests);
  });
});

describe.each<[string, unknown, string[]]>([
  ["an unknown field", { ...good, prio: 1 }, ["/prio"]],
  ["an unknown field of the input", { input: { ...order, coupon: "x" } }, ["/input/coupon"]],
  ["an unknown field beside the runs", { runs: [good], mode: "all" }, ["/mode"]],
  ["a wrong type in the fourth run", { runs: [good, good, good, { input: { ...order, orderId: 1 } }] }, ["/runs/3/input/orderId"]],
  ["a missing input of the second run", { runs: [good, {}] }, ["/runs/1/input"]],
  [
    "two bad runs at once",
    { runs: [{ input: {} }, { ...good, priority: 9 }] },
    ["/runs/0/input/orderId", "/runs/0/input/amountCents", "/runs/1/priority"],
  ],
  ["a priority of 4", { ...good, priority: 4 }, ["/priority"]],
  ["a priority of 1.5", { ...good, priority: 1.5 }, ["/priority"]],
  ["a delay without a unit", { ...good, delay: "10" }, ["/delay"]],
  ["a delay of 400 days", { ...good, delay: "400 days" }, ["/delay"]],
  ["a time without a zone", { ...good, runAt: "2030-01-01T00:00:00" }, ["/runAt"]],
  ["a day that does not exist", { ...good, runAt: "2030-02-30T00:00:00Z" }, ["/runAt"]],
  ["a time that is more than ten years ahead", { ...good, runAt: "2199-01-01T00:00:00Z" }, ["/runAt"]],
  ["a time that is in the year 10000 as UTC", { ...good, runAt: "9999-12-31T23:59:59-23:00" }, ["/runAt"]],
  ["both a delay and a time", { ...good, delay: "1 second", runAt: "2030-01-01T00:00:00Z" }, ["/runAt"]],
  ["an idempotencyKey with a line break", { ...good, idempotencyKey: "a\nb" }, ["/idempotencyKey"]],
  ["a NUL character", { input: { ...order, orderId: "a\0b" } }, ["/input/orderId"]],
  ["a NUL character in a key", { input: { "a\0b": 1 } }, ["/input/a\0b"]],
  ["an escaped half of a surrogate pair", `{"runs":[{"input":{"orderId":"\\ud800"}}]}`, ["/runs/0/input/orderId"]],
  ["a number that is not finite", `{"input":{"orderId":"o","amountCents":1e400}}`, ["/input/amountCents"]],
  ["nesting of 65", nested(64), [`/input${"/0".repeat(63)}`]],
  ["nesting of 100,000", nested(100_000), [`/input${"/0".repeat(63)}`]],
  ["the key __proto__", `{"input":{"__proto__":{"admin":true}}}`, ["/input/__proto__"]],
  ["the key constructor", `{"input":{"orderId":"o","amountCents":1,"constructor":1}}`, ["/input/constructor"]],
])("%s", (_, body, pointers) => {
  test("is answered with 422 and says where", async () => {
    const { status, body: problem } = await post(body);
    expect(status).toBe(422);
    expect(problem.type).toBe("urn:baton:problem:invalid-body");
    expect(problem.errors.map(({ pointer }) => pointer)).toEqual(pointers);
  });
});

test.each<[string, unknown, string, string]>([
  ["no input", {}, "", "/input: give the input of the run"],
  ["no input in the second run", { runs: [good, {}] }, "", "/runs/1/input: give the input of the run"],
  ["an array", [good], "", ': give an object, as in {"input":{"orderId":"o-1"}}'],
  ["a run that is a text", { runs: ["x"] }, "", '/runs/0: give an object, as in {"input":{"orderId":"o-1"}}'],
  ["an unknown field", { ...good, prio: 1 }, "", "/prio: this key is not known here"],
  ["an unknown field of the input", { input: { ...order, coupon: "x" } }, "", "/input/coupon: this key is not known here"],
  ["a delay in seconds", { ...good, delay: 10 }, "", '/delay: write a number, a space and a unit, as in "10 seconds"; at most 366 days'],
  ["an idempotencyKey that is a number", { ...good, idempotencyKey: 7 }, "", "/idempotencyKey: use 1 to 255 visible ASCII characters"],
  ["a time that is a number", { ...good, runAt: 7 }, "", "/runAt: write a time with its zone and its seconds"],
  ["a time without seconds", { ...good, runAt: "2030-01-31T10:00Z" }, "", "/runAt: write a time with its zone and its seconds"],
  ["a byte order mark", Buffer.from("\uFEFF" + JSON.stringify(good)), "The body begins with a byte order mark: send it without.", ""],
  ["a body that is not JSON", "{", "The body is not JSON.", ""],
  ["a body that is too large", ofBytes(1024 * 1024 + 1), "The body is 1048577 bytes, more than 1048576: send less in one request.", ""],
])("%s is answered with a sentence that says what to give", async (_, body, detail, errors) => {
  const { body: problem } = await post(body);
  expect(problem).toMatchObject({ detail: expect.stringContaining(detail) });
  expect((problem.errors ?? []).map(({ pointer, message }) => `${pointer}: ${message}`).join()).toContain(errors);
});

test("one input over 256 KiB is answered with 413 and says which", async () => {
  const large = { input: { ...order, orderId: "x".repeat(256 * 1024) } };
  const { status, body } = await post({ runs: [good, large] });
  expect(status).toBe(413);
  expect(body).toMatchObject({ type: "urn:baton:problem:input-too-large", errors: [{ pointer: "/runs/1/input" }] });
});

test("an answer lists at most 20 errors and stays small, whatever keys it has to name", async () => {
  const { body } = await post({ runs: Array.from({ length: 500 }, () => ({ input: {} })) });
  expect(body.errors).toHaveLength(20);
  const long = Object.fromEntries(Array.from({ length: 50 }, (_, place) => [`${place}${"k".repeat(4_000)}`, 1]));
  const { status, text } = await post({ input: { ...order, ...long } });
  expect(status).toBe(422);
  expect(text.length).toBeLessThan(20_000);
  const deep = await post({ input: { ["k".repeat(400_000)]: { ["l".repeat(400_000)]: "\0" } } });
  expect(deep.status).toBe(422);
  expect(deep.text.length).toBeLessThan(2_000);
});

test.each(["nobody", "__proto__", "constructor", "toString", "", "fulfil-order\0", "../fulfil-order", "Fulfil-Order"])(
  "there is no workflow %j",
  async (name) => {
    const { status, body } = await call(handler, { ...request(good), parameters: { name } });
    expect(status).toBe(404);
    expect(body.type).toBe("urn:baton:problem:unknown-workflow");
  },
);

test("an unknown query parameter is refused", async () => {
  const { status, body } = await call(handler, { ...request(good), query: "dryRun=1" });
  expect(status).toBe(400);
  expect(body).toMatchObject({ type: "urn:baton:problem:invalid-query", errors: [{ parameter: "dryRun" }] });
});

describe.each<[string, string | undefined]>([
  ["no key", undefined],
  ["another scheme", "Basic YTpi"],
  ["a wrong key", "Bearer not-the-key"],
  ["an empty key", "Bearer "],
  ["two keys", "Bearer a,Bearer b"],
  ["the digest of the key in its place", `Bearer ${apiKeyHash}`],
])("%s", (_, authorization) => {
  test("is answered with 401 without reading the body or touching the database", async () => {
    const requests = database.neon.stats.requests;
    const event = httpEvent(request(good, { authorization }));
    Object.defineProperty(event, "body", {
      get: () => {
        throw new Error("the body was read");
      },
    });
    const { statusCode, headers, body } = await handler(event, context);
    expect(statusCode).toBe(401);
    expect(headers?.["www-authenticate"]).toBe('Bearer realm="baton"');
    expect(JSON.parse(body!)).toMatchObject({ type: "urn:baton:problem:unauthorized", status: 401 });
    expect(database.neon.stats.requests).toBe(requests);
  });
});

test("every answer, a problem too, tells caches and browsers not to guess", async () => {
  const { headers } = await post("{");
  expect(headers).toMatchObject({
    "cache-control": "no-store",
    "strict-transport-security": expect.stringContaining("max-age="),
    "x-content-type-options": "nosniff",
  });
});

test("an event without headers and query is answered, not thrown at", async () => {
  const { headers: _headers, rawQueryString: _query, requestContext: _context, ...bare } = httpEvent(request(good));
  const { statusCode } = await handler(bare as ReturnType<typeof httpEvent>, context);
  expect(statusCode).toBe(401);
});
