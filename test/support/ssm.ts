import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { awsApi } from "../../infra/local/host/aws-api.ts";
import { ssmApi } from "../../infra/local/host/ssm-api.ts";

/** An SSM on 127.0.0.1, and what makes the AWS SDK find it. */
export interface TestSsm {
  readonly parameters: Map<string, string>;
  readonly env: Readonly<Record<string, string>>;
  /** How many calls have come. */
  readonly calls: () => number;
  /** While it is away every call is answered with 500. */
  away: boolean;
  close(): void;
}

export async function startSsm(): Promise<TestSsm> {
  const parameters = new Map<string, string>();
  let calls = 0;
  const answer = awsApi(ssmApi(parameters));
  const server = createServer((request, response) => {
    calls++;
    if (ssm.away) response.writeHead(500).end();
    else answer(request, response);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const env = { AWS_ENDPOINT_URL_SSM: url, AWS_REGION: "eu-central-1", AWS_ACCESS_KEY_ID: "test", AWS_SECRET_ACCESS_KEY: "test" };
  const close = () => {
    server.closeAllConnections();
    server.close();
  };
  const ssm: TestSsm = { parameters, env, calls: () => calls, away: false, close };
  return ssm;
}
