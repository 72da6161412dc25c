import type { APIGatewayProxyStructuredResultV2 } from "aws-lambda";

/** A function's result as an HTTP response: what has no statusCode is the body itself. */
export function resultOf(payload: string): APIGatewayProxyStructuredResultV2 {
  const result = JSON.parse(payload) as unknown;
  if (typeof result === "object" && result !== null && "statusCode" in result) return result as APIGatewayProxyStructuredResultV2;
  return { statusCode: 200, headers: { "content-type": "application/json" }, body: typeof result === "string" ? result : payload };
}
