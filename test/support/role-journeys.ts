import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { v7 } from "uuid";
import { type Host, startHost } from "../../infra/local/host.ts";
import type { Refusal } from "../../infra/local/host/access.ts";
import { type Template, templateFrom } from "../../infra/local/host/template.ts";
import { apiKey, apiKeyHash } from "./http-event.ts";
import { createTestDatabase, type Role, type TestDatabase } from "./database.ts";
import type { TestTemplate } from "./template.ts";
import { linkOf, ticketKeysText } from "./tickets.ts";
import { until } from "./until.ts";

/** What a template has to be made with for these journeys: no example is needed. */
export const WORKFLOWS = fileURLToPath(new URL("lambda/workflows.ts", import.meta.url));

/** What one journey came to. */
export interface Passage {
  /** What AWS would have refused; the functions have logged it. */
  readonly refusals: readonly Refusal[];
  /** What it ended with; undefined where it was not waited for, since something was refused. */
  readonly end: unknown;
}

/** What a role is for. */
export interface Journey {
  readonly name: string;
  /** And the maintenance. `idle`: it does nothing; `gone`: somebody has deleted the function. */
  readonly poller: "real" | "idle" | "gone";
  readonly go: (host: Host, address: string) => Promise<unknown>;
  /** What it ends with where the role allows everything. */
  readonly end: unknown;
}

const POLLER = "PollQueueLambdaFunction";
const MAINTENANCE = "MaintainLambdaFunction";
const LATER_MS = 600_000;

/** The journeys of each role, in the order in which they are tried. */
export type JourneysByRole = Readonly<Record<string, readonly Journey[]>>;

/** Goes on a journey through a template, with a host of its own. */
export type Pass = (made: TestTemplate, document: unknown, journey: Journey) => Promise<Passage>;

/** Every journey, with databases for all of them: one for HTTP, one for the poller alone. */
export async function roleJourneys(): Promise<{ byRole: JourneysByRole; pass: Pass }> {
  const [served, polled] = await Promise.all([createTestDatabase(), createTestDatabase()]);
  const failed = await failedRun(served);
  await enqueueLater(polled, v7());
  const enqueue = (_host: Host, address: string) => post(`${address}/workflows/errand/runs`, '{"input":{"n":1},"delay":"1 hour"}');
  const choose = async (_host: Host, address: string) => post(`${address}/approvals/${linkOf(await waitingRun(served))}`, "{}");
  const askSomebody = async (host: Host) => {
    const id = v7();
    await polled.query("select baton.enqueue($1)", [
      JSON.stringify({ runs: [{ id, workflow: "asking", version: 1, priority: 2, input: { n: 1 } }] }),
    ]);
    await poll(host);
    return {
      asked: (await polled.query("select from baton.checkpoint where run_id = $1 and node like 'sign-off/~asked/%'", [id])).length > 0,
    };
  };
  const redrive = (_host: Host, address: string) => post(`${address}/runs/${failed}/redrive`, "{}");
  return {
    byRole: {
      EnqueueRunRole: whetherOrNotSomebodyWakes("a run is enqueued", enqueue),
      ControlRunsRole: whetherOrNotSomebodyWakes("a run is redriven", redrive),
      AnswerWaitsRole: whetherOrNotSomebodyWakes("a link is chosen", choose),
      PollQueueRole: [
        { name: "a poll leaves something for later", poller: "real", go: poll, end: { ended: "payload", closed: true, wakes: 1 } },
        { name: "a poll hands out a link", poller: "real", go: askSomebody, end: { asked: true } },
      ],
      MaintainRole: [{ name: "a day's maintenance", poller: "real", go: maintain, end: { ended: "payload" } }],
      PollQueueScheduleRole: whetherOrNotSomebodyIsThere(POLLER),
      MaintainScheduleRole: whetherOrNotSomebodyIsThere(MAINTENANCE),
    },
    pass: (made, document, journey) => pass({ made, document, journey, served, polled }),
  };
}

function whetherOrNotSomebodyWakes(name: string, go: (host: Host, address: string) => Promise<number>): Journey[] {
  const ask: Journey["go"] = async (host, address) => ({ status: await go(host, address), opened: isSaid(host) });
  return [
    { name, poller: "idle", go: ask, end: { status: 202, opened: false } },
    { name: `${name} that nobody can be woken for`, poller: "gone", go: ask, end: { status: 202, opened: true } },
  ];
}

async function post(url: string, body: string): Promise<number> {
  const headers = { authorization: `Bearer ${apiKey}`, "content-type": "application/json" };
  return (await fetch(url, { method: "POST", headers, body })).status;
}

async function poll(host: Host) {
  const outcome = await host.invoke(POLLER, "{}");
  return { ended: Object.keys(outcome ?? {})[0], closed: isSaid(host), wakes: host.oneTimeSchedules.size };
}

async function maintain(host: Host) {
  return { ended: Object.keys((await host.invoke(MAINTENANCE, "{}")) ?? {})[0] };
}

function whetherOrNotSomebodyIsThere(functionId: string): Journey[] {
  const schedule = functionId.replace("LambdaFunction", "Schedule");
  const fire: Journey["go"] = async (host) => {
    host.startSchedules();
    const undelivered = [...host.deadLetters.values()].flat().filter((event) => event.includes(schedule));
    return { instances: host.instancesOf(functionId), undelivered: undelivered.length };
  };
  return [
    { name: "a schedule fires", poller: "idle", go: fire, end: { instances: 1, undelivered: 0 } },
    { name: "a schedule fires and nobody is there", poller: "gone", go: fire, end: { instances: 0, undelivered: 1 } },
  ];
}

/** Whether anybody has said when something is due. */
function isSaid({ parameters }: Host): boolean {
  return [...parameters.keys()].some((name) => name.endsWith("/next-wake"));
}

interface World {
  readonly made: TestTemplate;
  readonly document: unknown;
  readonly journey: Journey;
  readonly served: TestDatabase;
  readonly polled: TestDatabase;
}

const ROLES: Readonly<Record<string, Role>> = {
  "enqueue-run": "producer",
  "control-runs": "operator",
  "answer-waits": "signaller",
  "poll-queue": "poller",
  maintain: "maintainer",
};

async function pass({ made, document, journey, served, polled }: World): Promise<Passage> {
  const refusals: Refusal[] = [];
  const refused = Promise.withResolvers<undefined>();
  let printed = "";
  writeFileSync(join(made.folder, "idle.mjs"), "export const handler = async () => ({});");
  const template = withPoller(templateFrom(document), journey.poller);
  const urlOf = (bundle: string) => (bundle === "poll-queue" ? polled : served).url(ROLES[bundle] ?? "poller");
  const keys = JSON.stringify([{ name: "test", role: "operator", digest: apiKeyHash }]);
  const host = await startHost({
    template,
    codeRoot: made.folder,
    environmentOf: ({ module }) => ({ BATON_NEON_ENDPOINT: (basename(module) === "poll-queue" ? polled : served).neon.url }),
    parameters: new Map(
      template.functions.flatMap(({ module, environment }) => [
        [environment["DATABASE_URL_PARAMETER"]!, urlOf(basename(module))],
        [environment["BATON_API_KEYS_PARAMETER"] ?? "", keys],
        [environment["BATON_TICKET_KEYS_PARAMETER"] ?? "", ticketKeysText],
      ]),
    ),
    log: (text) => (printed += text),
    onRefusal: (refusal) => {
      refusals.push(refusal);
      refused.resolve(undefined);
    },
  });
  const server = createServer(host.listener).listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  try {
    // Whoever was refused something may try again for long: that is another test's matter.
    const going = journey.go(host, address);
    going.catch(() => undefined);
    const end = await Promise.race([going, refused.promise]);
    for (const { message } of refusals.filter(isAFunctions))
      await until(`a function has logged: ${message}`, () => printed.includes(message));
    return { refusals, end };
  } finally {
    server.closeAllConnections();
    server.close();
    await host.close();
    // A poller that was ended in the middle leaves its lease, for which the next one would wait.
    await polled.query("select baton.release(token) from baton.lease");
  }
}

/** A service of AWS has no log. */
function isAFunctions({ roleId }: Refusal): boolean {
  return roleId !== undefined && !roleId.endsWith("ScheduleRole");
}

function withPoller(template: Template, poller: Journey["poller"]): Template {
  if (poller === "real") return template;
  const functions = template.functions.flatMap((facts) => {
    if (![POLLER, MAINTENANCE].includes(facts.logicalId)) return [facts];
    return poller === "gone" ? [] : [{ ...facts, module: "idle" }];
  });
  return { ...template, functions };
}

async function enqueueLater({ query }: TestDatabase, id: string): Promise<void> {
  const run = { id, workflow: "errand", version: 1, priority: 2, input: { n: 1 }, delay_ms: LATER_MS };
  await query("select baton.enqueue($1)", [JSON.stringify({ runs: [run] })]);
}

/** A run that waits for a decision, so that one wakes it. */
async function waitingRun(database: TestDatabase): Promise<string> {
  const id = v7();
  await enqueueLater(database, id);
  await database.query("insert into baton.wait (run_id, names) values ($1, array['sign-off/~decision/00000'])", [id]);
  return id;
}

async function failedRun(database: TestDatabase): Promise<string> {
  const id = v7();
  await enqueueLater(database, id);
  const fail = "with placed as (delete from baton.ready where run_id = $1) insert into baton.ending select $1, 'failed', null, baton.now()";
  await database.query(fail, [id]);
  return id;
}
