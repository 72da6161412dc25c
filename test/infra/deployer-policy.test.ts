import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ROOT } from "../../infra/build.ts";
import { serviceName } from "../../infra/service.ts";

// What it allows and refuses is simulated by `npm run test:iam`.
const text = readFileSync(join(ROOT, "infra/deployer-policy.json"), "utf8");
const { Statement: statements } = JSON.parse(text) as { Statement: readonly { Sid: string; Resource: string | readonly string[] }[] };

test("it is for the service of serverless.yml, and small enough for a managed policy", () => {
  for (const { Sid, Resource } of statements)
    for (const each of [Resource].flat())
      expect(each === "*" || each.includes("apigateway") || each.includes(serviceName()), Sid).toBe(true);
  expect(text.replaceAll(/\s/g, "").length).toBeLessThan(6_144);
});
