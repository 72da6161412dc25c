import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { basename } from "node:path";
import { startHost } from "../../infra/local/host.ts";
import { readTemplate } from "../../infra/local/host/template.ts";
import type { TestDatabase } from "../../test/support/database.ts";
import { apiKey, apiKeyHash } from "../../test/support/http-event.ts";
import { templateOf } from "../../test/support/template.ts";
import { ticketKeysText } from "../../test/support/tickets.ts";
import { until } from "../../test/support/until.ts";

/** A run as the API tells of it. */
export interface ToldRun {
  readonly id: string;
  readonly status: string;
  readonly error: { readonly name: string; readonly message: string } | null;
  readonly output: unknown;
}

export interface LocalService extends AsyncDisposable {
  /** Enqueues runs of a workflow with one request and waits until each has ended. */
  run(workflow: string, inputs: readonly unknown[]): Promise<ToldRun[]>;
}

const LOGINS = { "enqueue-run": "producer", "control-runs": "operator", "answer-waits": "signaller", "poll-queue": "poller" } as const;

/**
 * The built functions of this project with all their workflows, as `npm start` serves them, over a
 * test's database.
 */
export async function serveLocally(database: TestDatabase): Promise<LocalService> {
  const { templateFile, folder } = await templateOf("dev");
  const template = readTemplate(templateFile);
  const keys = JSON.stringify([{ name: "test", role: "operator", digest: apiKeyHash }]);
  const host = await startHost({
    template,
    codeRoot: folder,
    environmentOf: () => ({ BATON_LOCAL: "on", BATON_NEON_ENDPOINT: database.neon.url }),
    parameters: new Map(
      template.functions.flatMap(({ module, environment }) => [
        [environment["DATABASE_URL_PARAMETER"]!, database.url(LOGINS[basename(module) as keyof typeof LOGINS])],
        [environment["BATON_API_KEYS_PARAMETER"] ?? "", keys],
        [environment["BATON_TICKET_KEYS_PARAMETER"] ?? "", ticketKeysText],
      ]),
    ),
    log: () => undefined,
  });
  const server = createServer(host.listener).listen(0, "127.0.0.1");
  await once(server, "listening");
  const headers = { authorization: `Bearer ${apiKey}`, "content-type": "application/json" };
  const call = async (path: string, body?: unknown): Promise<unknown> => {
    const init = body === undefined ? { headers } : { headers, method: "POST", body: JSON.stringify(body) };
    const answer = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`, init);
    if (!answer.ok) throw new Error(`${path} was answered with ${answer.status}: ${await answer.text()}`);
    return answer.json();
  };
  return {
    async run(workflow, inputs) {
      const runs = inputs.map((input) => ({ input }));
      const accepted = (await call(`/workflows/${workflow}/runs`, { runs })) as { runs: { id: string }[] };
      const find = () => Promise.all(accepted.runs.map(async ({ id }) => (await call(`/runs/${id}`)) as ToldRun));
      await until("each run has ended", async () => (await find()).every(({ status }) => status === "done" || status === "failed"), 200);
      return find();
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await host.close();
    },
  };
}
