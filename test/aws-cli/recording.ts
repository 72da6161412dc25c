import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { readBody } from "../../shared/node/request-body.ts";
import { startSsm, type TestSsm } from "../support/ssm.ts";
import { answersWith } from "./answers.ts";

/** One request of the CLI, in the words of the service's API. */
export interface Asked {
  /** `lambda:Invoke`. */
  readonly operation: string;
  readonly region: string;
  readonly input: Readonly<Record<string, unknown>>;
}

/** Something at the edge that answers as AWS would, and writes down what it was asked. */
export interface Recording {
  readonly url: string;
  readonly asked: Asked[];
  readonly ssm: TestSsm;
  close(): void;
}

/** What is there to be asked about: what the template makes. */
export interface Known {
  readonly functions: readonly string[];
  readonly logGroups: readonly string[];
  readonly scheduleGroups: readonly string[];
}

const LIMIT = 1024 * 1024;

/** SSM and STS are the suite's own; what only the docs ask for is answered in answers.ts. */
export async function startRecording(known: Known): Promise<Recording> {
  const ssm = await startSsm();
  const asked: Asked[] = [];
  const answerTo = answersWith(known);
  const server = createServer((request, response) => {
    serve(request, response).catch((error: unknown) => response.writeHead(500).end((error as Error).message));
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const close = () => {
    server.closeAllConnections();
    server.close();
    ssm.close();
  };
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked, ssm, close };

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = (await readBody(request, LIMIT))?.toString("utf8") ?? "";
    const call = callIn(request, body);
    asked.push(call);
    if (/^(ssm|sts):/.test(call.operation)) return pass(request, response, body);
    const { status, text } = answerTo(call);
    response.writeHead(status, { "content-type": text.startsWith("<") ? "text/xml" : "application/json" }).end(text);
  }

  async function pass({ headers, url = "" }: IncomingMessage, response: ServerResponse, body: string): Promise<void> {
    const target = headers["x-amz-target"];
    const answer = await fetch(ssm.env["AWS_ENDPOINT_URL"] + url, {
      method: "POST",
      body,
      headers: target === undefined ? {} : { "x-amz-target": String(target) },
    });
    const type = answer.headers.get("content-type") ?? "";
    response.writeHead(answer.status, { "content-type": type }).end(await answer.text());
  }
}

/** Services speak in one of three ways: JSON with a target, a form with an action, or paths. */
function callIn({ method = "", url = "", headers }: IncomingMessage, body: string): Asked {
  const [, region = "", service = ""] = /Credential=[^/]+\/\d+\/([^/]+)\/([^/]+)\//.exec(headers.authorization ?? "") ?? [];
  const target = String(headers["x-amz-target"] ?? "").split(".")[1];
  if (target !== undefined) return { operation: `${service}:${target}`, region, input: JSON.parse(body) as Asked["input"] };
  if (String(headers["content-type"]).startsWith("application/x-www-form-urlencoded")) {
    const { Action, Version: _version, ...input } = Object.fromEntries(new URLSearchParams(body));
    return { operation: `${service}:${Action}`, region, input };
  }
  const [path = "", query = ""] = url.split("?");
  const [operation = `${method} ${path}`, name] = OF_PATHS.flatMap(([pattern, called]) => {
    const found = pattern.exec(`${method} ${path}`);
    return found === null ? [] : [called, decodeURIComponent(found[1] ?? "")];
  });
  const given = body === "" ? {} : (JSON.parse(body) as Asked["input"]);
  return { operation: `${service}:${operation}`, region, input: { ...Object.fromEntries(new URLSearchParams(query)), name, ...given } };
}

const OF_PATHS: readonly (readonly [RegExp, string])[] = [
  [/^POST \/2015-03-31\/functions\/([^/]+)\/invocations$/, "Invoke"],
  [/^PUT \/2017-10-31\/functions\/([^/]+)\/concurrency$/, "PutFunctionConcurrency"],
  [/^GET \/schedules$/, "ListSchedules"],
];
