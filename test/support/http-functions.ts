import type { HttpHandler } from "../../shared/lambda/http-function.ts";
import { createTestDatabase, type Role, type TestDatabase } from "./database.ts";
import { apiKeyHash, context, httpEvent, type TestRequest } from "./http-event.ts";

/** What the functions answer with, accepted runs and problems alike. */
export interface AnswerBody {
  readonly id: string;
  readonly status: string | number;
  readonly runs: readonly { readonly id: string; readonly status: string }[];
  readonly cursor: string | null;
  readonly type: string;
  readonly detail: string;
  readonly instance: string;
  readonly errors: readonly { readonly pointer?: string; readonly parameter?: string; readonly message: string }[];
}

/** An answer, its body parsed and as it was sent. */
export interface TestAnswer<Body> {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: Body;
  readonly text: string;
  /** What Lambda would carry. */
  readonly payloadBytes: number;
}

/**
 * Points the functions of this test file at a database of its own, which they reach as one role
 * through the Neon driver.
 */
export async function deployFunctions(role: Role | "owner", env: Record<string, string> = {}): Promise<TestDatabase> {
  const database = await createTestDatabase();
  Object.assign(process.env, {
    POWERTOOLS_LOG_LEVEL: "SILENT",
    POWERTOOLS_METRICS_DISABLED: "true",
    DATABASE_URL: database.url(role),
    BATON_DRIVER: "neon",
    BATON_NEON_ENDPOINT: database.neon.url,
    // The key stands between two others, as while keys are replaced.
    BATON_API_KEY_HASHES: ["ab".repeat(32), apiKeyHash, "cd".repeat(32)].join(),
    BATON_STAGE: "test",
    BATON_STACKS: "on",
    ...env,
  });
  return database;
}

/** Invokes a function as API Gateway does. */
export async function call<Body = AnswerBody>(handler: HttpHandler, request: TestRequest): Promise<TestAnswer<Body>> {
  const result = await handler(httpEvent(request), context);
  const { statusCode, headers = {}, body = "", isBase64Encoded = false } = result;
  const text = Buffer.from(body, isBase64Encoded ? "base64" : "utf8").toString();
  return { status: statusCode!, headers, body: JSON.parse(text) as Body, text, payloadBytes: Buffer.byteLength(JSON.stringify(result)) };
}
