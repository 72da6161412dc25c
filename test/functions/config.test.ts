import { expect, test } from "vitest";
import { connectionFrom } from "../../shared/db/default-database.ts";
import { readConfig } from "../../shared/lambda/config.ts";
import { pollerConfig } from "../../shared/lambda/poller-config.ts";

const env = { DATABASE_URL: "postgresql://user:canary@host/db" };
const hash = "ab".repeat(32);

test("only the database's URL has to be set; then no key is valid and no stack is shown", () => {
  expect(readConfig(env)).toEqual({ apiKeyHashes: [], showStacks: false, pollerFunctionName: undefined });
});

test("several keys are valid at once, their digests separated by commas", () => {
  expect(readConfig({ ...env, BATON_API_KEY_HASHES: `${hash}, ${hash.toUpperCase()},` }).apiKeyHashes).toEqual([
    Buffer.from(hash, "hex"),
    Buffer.from(hash, "hex"),
  ]);
});

test.each([
  ["prod", false],
  ["production", false],
  ["", false],
  ["dev", true],
  ["local", true],
])("the stage %j shows stacks: %s", (BATON_STAGE, showStacks) => {
  expect(readConfig({ ...env, BATON_STAGE }).showStacks).toBe(showStacks);
});

test.each([
  [{}, /^DATABASE_URL: /],
  [{ DATABASE_URL: "" }, /^DATABASE_URL: /],
  [{ DATABASE_URL: "mysql://user:canary@host/db" }, /^DATABASE_URL: /],
  [{ ...env, BATON_DRIVER: "mysql" }, /^BATON_DRIVER: it takes neon or pg/],
  [{ ...env, BATON_NEON_ENDPOINT: "nowhere" }, /^BATON_NEON_ENDPOINT: /],
  [{ ...env, BATON_API_KEY_HASHES: "canary" }, /^BATON_API_KEY_HASHES: /],
])("%j is refused with the variable's name and never its value", (wrong, message) => {
  expect(() => readConfig(wrong)).toThrow(message);
  expect(() => readConfig(wrong)).not.toThrow(/canary/);
});

test("an empty variable counts as not set, for the poller and for the database too", () => {
  const names = ["BATON_BATCH", "BATON_CONCURRENCY", "BATON_LINGER_SECONDS", "BATON_POLLER_TIMEOUT_SECONDS"];
  expect(pollerConfig(Object.fromEntries(names.map((name) => [name, ""])))).toEqual(pollerConfig({}));
  const empty = { ...env, BATON_DRIVER: "", BATON_NEON_ENDPOINT: "" };
  expect(connectionFrom(empty)).toEqual({ url: env.DATABASE_URL });
});
