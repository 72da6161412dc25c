import type { IncomingMessage, RequestListener } from "node:http";

const NAMES = new Set(["127.0.0.1", "localhost", "[::1]"]);

/**
 * Answers only requests that name this machine in their Host header: a web page that had its own
 * name lead to 127.0.0.1 names itself. All others are answered with 400. Any port will do, since
 * one that is forwarded has another number.
 */
export function localOnly(listener: RequestListener): RequestListener {
  return (request, response) => {
    if (namesThisMachine(request)) return listener(request, response);
    const message = "The Host header has to be 127.0.0.1 or localhost, with a port.";
    response.writeHead(400, { "content-type": "application/json", connection: "close" }).end(JSON.stringify({ message }));
  };
}

function namesThisMachine({ headers: { host = "" } }: IncomingMessage): boolean {
  const [, name] = /^(.+?)(?::\d{1,5})?$/.exec(host.toLowerCase()) ?? [];
  return name !== undefined && NAMES.has(name);
}
