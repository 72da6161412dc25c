import { afterAll, expect, test } from "vitest";
import { factsOf } from "../../infra/doctor/login.ts";
import { BUNDLES, groupOf } from "../../infra/migrate/logins.ts";
import { connect } from "../../shared/db/connect.ts";
import { runRepository } from "../../shared/db/run-repository.ts";
import { parseTicketKeys } from "../../shared/lambda/ticket-keys.ts";
import { createTestDatabase } from "../support/database.ts";
import { startSsm } from "../support/ssm.ts";
import { uniqueName } from "../support/cluster.ts";
import { pgbaton } from "./pgbaton.ts";

const ssm = await startSsm();
afterAll(() => ssm.close());

test("logins are made with their parameters and a key, work, are kept by a second call, and get new passwords when asked", async () => {
  await using database = await createTestDatabase();
  const service = uniqueName("shop").replaceAll("_", "-");
  const env = { ...ssm.env, DATABASE_URL: database.ownerUrl };
  const args = ["logins", "--service", service, "--stage", "prod", "--region", "eu-central-1", "--yes"];
  const first = await pgbaton(args, { env });
  expect([first.code, first.stderr]).toEqual([
    0,
    expect.stringMatching(/made {5}\S+poll_queue in baton_poller; its URL is in \/\S+\/poll-queue\/database-url/),
  ]);
  const key = first.stdout.trim();
  expect(key).toMatch(/^[\w-]{32}$/);
  const parameters = ["enqueue-run", "control-runs", "answer-waits", "poll-queue", "maintain"].map(
    (name) => `/${service}/prod/${name}/database-url`,
  );
  expect([...ssm.parameters.keys()].sort()).toEqual([...parameters, `/${service}/prod/api-keys`, `/${service}/prod/ticket-keys`].sort());
  expect(ssm.parameters.get(`/${service}/prod/api-keys`)).not.toContain(key);

  const url = ssm.parameters.get(parameters[3]!)!;
  await using poller = connect({ url, driver: "pg" });
  expect(await runRepository(poller).tick()).toMatchObject({ crashed: 0 });
  expect(first.stdout + first.stderr).not.toContain(new URL(url).password);

  const again = await pgbaton(args, { env });
  expect([again.code, again.stdout, again.stderr.match(/^kept/gm)?.length]).toEqual([0, "", 7]);
  expect(ssm.parameters.get(parameters[3]!)).toBe(url);
  const ticketKeys = ssm.parameters.get(`/${service}/prod/ticket-keys`)!;
  expect(parseTicketKeys(ticketKeys)).toHaveLength(1);
  const rotated = await pgbaton([...args, "--rotate", "--functions-host", "pooler.example"], { env });
  expect([rotated.code, new URL(ssm.parameters.get(parameters[3]!)!).hostname]).toEqual([0, "pooler.example"]);
  expect(ssm.parameters.get(parameters[3]!)).not.toContain(new URL(url).password);

  expect(ssm.parameters.get(`/${service}/prod/ticket-keys`)).toBe(ticketKeys);

  for (const name of ["enqueue_run", "control_runs", "answer_waits", "poll_queue", "maintain"])
    await database.query(`drop role "${service.replaceAll("-", "_")}_prod_${name}"`);
});

test.each(["baton", "shop"])("a login of the service %s is taken for no group: it has exactly its own", async (service) => {
  await using database = await createTestDatabase();
  const stage = uniqueName("facts").replaceAll("_", "-");
  const env = { ...ssm.env, DATABASE_URL: database.ownerUrl };
  const { code, stderr } = await pgbaton(["logins", "--service", service, "--stage", stage, "--yes"], { env });
  expect([code, stderr.match(/^made/gm)?.length]).toEqual([0, 7]);
  for (const bundle of BUNDLES) {
    const url = ssm.parameters.get(`/${service}/${stage}/${bundle}/database-url`)!;
    const facts = await factsOf(url);
    const name = `${service}_${stage}_${bundle}`.replaceAll("-", "_").toLowerCase();
    expect([facts.name, facts.groups, facts.owner]).toEqual([name, [groupOf(bundle, { prefix: "baton" })], false]);
    await database.query(`drop role "${name}"`);
  }
});

test("without a yes nothing is made, and the place is named first", async () => {
  await using database = await createTestDatabase();
  const env = { ...ssm.env, DATABASE_URL: database.ownerUrl };
  const ended = await pgbaton(["logins", "--service", "none", "--stage", "prod", "--region", "eu-central-1"], { env });
  expect([ended.code, ended.stderr]).toEqual([
    2,
    expect.stringMatching(/^Logins of .*, and SSM parameters below \/none\/prod in eu-central-1\nNothing was done/),
  ]);
  expect([...ssm.parameters.keys()].filter((name) => name.startsWith("/none/"))).toEqual([]);
});
