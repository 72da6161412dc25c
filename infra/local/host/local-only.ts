import type { IncomingMessage, RequestListener } from "node:http";

const NAMES = new Set(["127.0.0.1", "localhost", "[::1]"]);

/**
 * Answers only requests that name this machine and this port in their Host header: a web page that
 * had its own name lead to 127.0.0.1 names itself. All others are answered with 400.
 */
export function localOnly(listener: RequestListener): RequestListener {
  return (request, response) => {
    if (namesThisPort(request)) return listener(request, response);
    const message = `The Host header has to be 127.0.0.1:${request.socket.localPort} or localhost:${request.socket.localPort}.`;
    response.writeHead(400, { "content-type": "application/json", connection: "close" }).end(JSON.stringify({ message }));
  };
}

function namesThisPort({ headers: { host = "" }, socket }: IncomingMessage): boolean {
  const [, name, port = "80"] = /^(.+?)(?::(\d{1,5}))?$/.exec(host.toLowerCase()) ?? [];
  return name !== undefined && NAMES.has(name) && Number(port) === socket.localPort;
}
