import { expect, test } from "vitest";
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

test("a service of another name has no word of this one's in its template", () => {
  expect(textsOf(shop.resources).filter((text) => /baton/i.test(text))).toEqual(["Wakes Baton's poller.", "Wakes Baton's maintenance."]);
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
  const named = [environment["DATABASE_URL_PARAMETER"], environment["BATON_WAKE_PARAMETER"], environment["BATON_WAKE_SCHEDULE"]];
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
