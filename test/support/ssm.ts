import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { awsApi } from "../../infra/local/host/aws-api.ts";
import { ssmApi } from "../../infra/local/host/ssm-api.ts";

/** An SSM on 127.0.0.1 with an STS beside it, and what makes the AWS SDK find it. */
export interface TestSsm {
  readonly parameters: Map<string, string>;
  readonly env: Readonly<Record<string, string>>;
  /** How many calls of SSM have come. */
  readonly calls: () => number;
  /** While it is away every call is answered with 500. */
  away: boolean;
  /** What Lambda says of the account's concurrency, and of functions by their names. */
  concurrency: AccountConcurrency;
  close(): void;
}

export interface AccountConcurrency {
  readonly limit: number;
  readonly unreserved: number;
  readonly own: Readonly<Record<string, number>>;
}

const IDENTITY = `<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>
  <Arn>arn:aws:iam::123456789012:user/test</Arn><UserId>test</UserId><Account>123456789012</Account>
</GetCallerIdentityResult><ResponseMetadata><RequestId>test</RequestId></ResponseMetadata></GetCallerIdentityResponse>`;

export async function startSsm(): Promise<TestSsm> {
  const parameters = new Map<string, string>();
  let calls = 0;
  const answer = awsApi(ssmApi(parameters));
  const server = createServer((request, response) => {
    if (/account-settings|\/concurrency$/.test(request.url ?? "")) return answerOfLambda(ssm.concurrency, request.url!, response);
    if (request.headers["x-amz-target"] === undefined) return void response.writeHead(200, { "content-type": "text/xml" }).end(IDENTITY);
    calls++;
    if (ssm.away) response.writeHead(500).end();
    else answer(request, response);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const env = { AWS_ENDPOINT_URL: url, AWS_REGION: "eu-central-1", AWS_ACCESS_KEY_ID: "test", AWS_SECRET_ACCESS_KEY: "test" };
  const close = () => {
    server.closeAllConnections();
    server.close();
  };
  const ssm: TestSsm = {
    parameters,
    env,
    calls: () => calls,
    away: false,
    concurrency: { limit: 1_000, unreserved: 1_000, own: {} },
    close,
  };
  return ssm;
}

function answerOfLambda({ limit, unreserved, own }: AccountConcurrency, url: string, response: ServerResponse): void {
  const [, name] = /functions\/([^/]+)\/concurrency$/.exec(url) ?? [];
  response.setHeader("content-type", "application/json");
  if (name === undefined)
    response.end(JSON.stringify({ AccountLimit: { ConcurrentExecutions: limit, UnreservedConcurrentExecutions: unreserved } }));
  else if (own[name] === undefined)
    response.writeHead(404, { "x-amzn-errortype": "ResourceNotFoundException" }).end(JSON.stringify({ Message: "Function not found" }));
  else response.end(JSON.stringify({ ReservedConcurrentExecutions: own[name] }));
}
