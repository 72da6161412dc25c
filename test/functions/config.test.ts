import { expect, test } from "vitest";
import { readConfig } from "../../shared/lambda/config.ts";

const env = { DATABASE_URL: "postgresql://user:canary@host/db" };
const hash = "ab".repeat(32);

test("only the database's URL has to be set; then no key is valid and no stack is shown", () => {
  expect(readConfig(env)).toMatchObject({ apiKeyHashes: [], showStacks: false, idleGate: false, pollerFunctionName: undefined });
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
