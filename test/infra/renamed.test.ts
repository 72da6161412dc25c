import { expect, test } from "vitest";
import { BUNDLES, groupOf } from "../../infra/migrate/logins.ts";
import { prefixOf } from "../../infra/migrate/names.ts";
import { readTemplate } from "../../infra/local/host/template.ts";
import { roleJourneys, WORKFLOWS } from "../support/role-journeys.ts";
import { templateOf, type TestTemplate, watchedBy } from "../support/template.ts";

// One after the other: the bundler is stopped after each.
const shop = await templateOf("prod", "shop", WORKFLOWS);
const baton = await templateOf("prod");
const { byRole, pass } = await roleJourneys();

/** Every text of a template, keys of objects left out. */
function textsOf(value: unknown): string[] {
  if (typeof value === "string") return [value];
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(textsOf) : [];
}

/**
 * What an account and a region have once: names, and the parameters, log groups and ARNs that stand
 * for them.
 */
function namesOf({ resources }: TestTemplate): string[] {
  const named = Object.values(resources).flatMap(({ Properties }) =>
    Object.entries(Properties ?? {}).filter(([key]) =>
      /^(FunctionName|LogGroupName|AlarmName|Name|TopicName|QueueName|RoleName)$/.test(key),
    ),
  );
  const paths = textsOf(resources).filter((text) => /^\/\w+\/\w+\/|^arn:.*:(parameter|schedule|function)[/:]/.test(text));
  return [...named.map(([, name]) => name), ...paths].filter((name) => typeof name === "string");
}

/** Every text of a template by where it stands; the names of uploads have a time in them. */
function placesOf(value: unknown, place = ""): [place: string, text: string][] {
  if (typeof value === "string") return place.endsWith(".S3Key") ? [] : [[place, value]];
  return typeof value === "object" && value !== null ? Object.entries(value).flatMap(([key, of]) => placesOf(of, `${place}.${key}`)) : [];
}

/** What carries the name of the service, by what it is. */
const KINDS: Readonly<Record<string, (place: string, text: string) => boolean>> = {
  "ARNs of parameters": (_, text) => /^arn:.*:ssm:.*:parameter\/shop\/prod\//.test(text),
  "ARNs of functions": (_, text) => /^arn:.*:lambda:.*:function:shop-prod-/.test(text),
  "ARNs of schedules": (_, text) => /^arn:.*:scheduler:.*:schedule\/shop-prod\//.test(text),
  "SSM paths": (place, text) => /Variables\.\w+_PARAMETER$/.test(place) && text.startsWith("/shop/prod/"),
  "schedule groups": (place, text) => place.endsWith("ScheduleGroup.Properties.Name") && text === "shop-prod",
  schedules: (place, text) => place.endsWith("BATON_WAKE_SCHEDULE") && text === "shop-prod/next-wake",
  functions: (place, text) => place.endsWith(".FunctionName") && text.startsWith("shop-prod-"),
  logs: (place, text) => place.endsWith(".LogGroupName") && /^\/aws\/\w+\/shop-prod-/.test(text),
  alarms: (place, text) => place.endsWith(".AlarmName") && text.startsWith("shop-prod-"),
  "namespaces of metrics": (place, text) => place.endsWith(".Namespace") && text === "shop",
  "dimensions of metrics": (place, text) => /\.Dimensions\.\d+\.Value$/.test(place) && text.startsWith("shop-"),
  "names in logs and metrics": (place, text) => place.endsWith("BATON_SERVICE") && text === "shop",
};

test("the template of a renamed service is this one's with its own name in each ARN, path, schedule, alarm, metric and right", () => {
  const isKept = (place: string) => place.endsWith("BATON_SCHEMA");
  const [own, others] = [placesOf(shop.document), placesOf(baton.document)];
  expect(own).toEqual(others.map(([place, text]) => [place, isKept(place) ? text : text.replaceAll("baton", "shop")]));
  for (const [kind, is] of Object.entries(KINDS)) expect([kind, own.some(([place, text]) => is(place, text))]).toEqual([kind, true]);
});

test("a service of another name has no word of this one's in its template but that of the schema, a setting of its own", () => {
  const found = placesOf(shop.document).filter(([, text]) => /baton/i.test(text));
  expect(new Set(found.map(([place, text]) => [place.split(".").at(-1), text].join(" ")))).toEqual(
    new Set(["BATON_SCHEMA baton", "Description Wakes Baton's poller.", "Description Wakes Baton's maintenance."]),
  );
});

test("the logins of a renamed service's functions are in groups of its own", () => {
  const names = { prefix: prefixOf("My-Shop") };
  expect(BUNDLES.map((bundle) => [bundle, groupOf(bundle, names)])).toEqual([
    ["enqueue-run", "my_shop_producer"],
    ["control-runs", "my_shop_operator"],
    ["answer-waits", "my_shop_signaller"],
    ["poll-queue", "my_shop_poller"],
    ["maintain", "my_shop_maintainer"],
  ]);
});

test("two services in one account and region have no name in common", () => {
  const names = namesOf(baton);
  expect(names.length).toBeGreaterThan(20);
  expect(names).toEqual(expect.arrayContaining(["baton-prod-pollQueue", "baton-prod", "/baton/prod/api-keys", "baton-prod-FailedRuns"]));
  expect(namesOf(shop).filter((name) => names.includes(name))).toEqual([]);
});

test("the schedule of a renamed service may invoke its poller", () => {
  const poller = readTemplate(shop.templateFile).functions.find(({ logicalId }) => logicalId === "PollQueueLambdaFunction");
  expect(poller?.name).toBe("shop-prod-pollQueue");
  const role = textsOf(shop.resources["PollQueueScheduleRole"]);
  expect(role.filter((text) => text.includes(":function:")).map((text) => text.split(":function:")[1])).toEqual([poller!.name]);
});

test("a renamed poller may move the schedule and read the parameters that its environment names, and no others", () => {
  const { environment } = readTemplate(shop.templateFile).functions.find(({ name }) => name === "shop-prod-pollQueue")!;
  const may = textsOf(shop.resources["PollQueueRole"]).flatMap((text) => /:(?:parameter|schedule)\/(.*)$/.exec(text)?.[1] ?? []);
  const names = ["DATABASE_URL_PARAMETER", "BATON_TICKET_KEYS_PARAMETER", "BATON_WAKE_PARAMETER", "BATON_WAKE_SCHEDULE"];
  const named = names.map((name) => environment[name]);
  expect(new Set(may.map((path) => path.replace(/^\//, "")))).toEqual(new Set(named.map((path) => path!.replace(/^\//, ""))));
});

test.each(Object.entries(byRole).flatMap(([role, journeys]) => journeys.map((journey) => [role, journey.name, journey] as const)))(
  "%s of a renamed service allows everything that is needed when %s",
  async (_role, _name, journey) => {
    expect(await pass(shop, shop.document, journey)).toEqual({ refusals: [], end: journey.end });
  },
);

test("the alarms of a renamed service watch metrics of its own, which its functions print", () => {
  const own = watchedBy(shop).filter(({ namespace }) => !namespace.startsWith("AWS/"));
  expect(new Set(own.map(({ namespace }) => namespace))).toEqual(new Set(["shop"]));
  expect(new Set(own.map(({ dimensions }) => dimensions["service"]))).toEqual(new Set(["shop-poller", "shop-api", "shop-maintenance"]));
  for (const { environment } of readTemplate(shop.templateFile).functions) expect(environment["BATON_SERVICE"]).toBe("shop");
});
