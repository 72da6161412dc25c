import type { ServerResponse } from "node:http";
import type { HttpAnswer } from "../lambda/http-event.ts";

/** An error as the gateway itself words it; nothing where an answer is under way. */
export function sendMessage(response: ServerResponse, statusCode: number, message: string): void {
  if (response.headersSent) response.destroy();
  else send(response, { statusCode, headers: { "content-type": "application/json" }, body: JSON.stringify({ message }) });
}

/** Sends what a function answered. */
export function send(
  response: ServerResponse,
  { statusCode = 200, headers = {}, cookies = [], body = "", isBase64Encoded }: HttpAnswer,
): void {
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, String(value));
  if (cookies.length > 0) response.setHeader("set-cookie", cookies);
  const content = Buffer.from(body, isBase64Encoded === true ? "base64" : "utf8");
  response.writeHead(statusCode, { "content-length": content.length });
  response.end(content);
}
