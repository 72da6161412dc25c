import { expect, test, vi } from "vitest";
import { connectionFrom, defaultDatabase, engineDatabase } from "../../shared/db/default-database.ts";
import { readConfig } from "../../shared/lambda/config.ts";
import { pollerConfig } from "../../shared/lambda/poller-config.ts";

const env = { DATABASE_URL: "postgresql://user:canary@host/db" };
const hash = "ab".repeat(32);

test("only the database's URL has to be set; then no key is valid and no stack is shown", () => {
  expect(readConfig(env)).toMatchObject({
    apiKeys: [],
    apiKeysParameter: undefined,
    showStacks: false,
    idleGate: false,
    pollerFunctionName: undefined,
  });
});

test("digests in the environment, separated by commas, are operators' keys and stand in for those of the parameter", () => {
  const parameter = { BATON_API_KEYS_PARAMETER: "/baton/dev/api-keys" };
  const key = { name: "environment", role: "operator", digest: Buffer.from(hash, "hex") };
  expect(readConfig({ ...env, ...parameter, BATON_API_KEY_HASHES: `${hash}, ${hash.toUpperCase()},` })).toMatchObject({
    apiKeys: [key, key],
    apiKeysParameter: undefined,
  });
  expect(readConfig({ ...env, ...parameter, BATON_API_KEY_HASHES: "" }).apiKeysParameter).toBe("/baton/dev/api-keys");
});

test.each([
  [{}, false],
  [{ BATON_STAGE: "dev" }, false],
  [{ BATON_STAGE: "Production", BATON_STACKS: "" }, false],
  [{ BATON_STACKS: "off" }, false],
  [{ BATON_STAGE: "prod", BATON_STACKS: "on" }, true],
])("with %j stacks are shown: %s, whatever the stage is called", (settings, showStacks) => {
  expect(readConfig({ ...env, ...settings }).showStacks).toBe(showStacks);
});

test.each([
  [{}, /^DATABASE_URL: /],
  [{ DATABASE_URL: "" }, /^DATABASE_URL: /],
  [{ DATABASE_URL: "mysql://user:canary@host/db" }, /^DATABASE_URL: /],
  [{ DATABASE_URL_PARAMETER: "canary" }, /^DATABASE_URL_PARAMETER: give it the name of an SSM parameter/],
  [{ ...env, BATON_DRIVER: "mysql" }, /^BATON_DRIVER: it takes neon or pg/],
  [{ ...env, BATON_STACKS: "canary" }, /^BATON_STACKS: it takes on or off/],
  [{ ...env, BATON_IDLE_GATE: "canary" }, /^BATON_IDLE_GATE: it takes on or off/],
  [{ ...env, BATON_NEON_ENDPOINT: "nowhere" }, /^BATON_NEON_ENDPOINT: /],
  [{ ...env, BATON_API_KEYS_PARAMETER: "canary" }, /^BATON_API_KEYS_PARAMETER: give it the name of an SSM parameter/],
  [{ ...env, BATON_API_KEY_HASHES: "canary" }, /^BATON_API_KEY_HASHES: /],
])("%j is refused with the variable's name and never its value", (wrong, message) => {
  expect(() => readConfig(wrong)).toThrow(message);
  expect(() => readConfig(wrong)).not.toThrow(/canary/);
});

test("two variables that are wrong are both named", () => {
  expect(() => pollerConfig({ BATON_BATCH: "many" })).toThrow(/^DATABASE_URL: .*; BATON_BATCH: it takes a whole number$/);
});

const gate = { ...env, BATON_IDLE_GATE: "on", BATON_WAKE_PARAMETER: "/baton/dev/next-wake" };

test("the idle gate is off unless asked for, and one setting turns it off again", () => {
  expect(pollerConfig(env).gate).toBeUndefined();
  expect(pollerConfig(gate).gate).toEqual({ parameter: "/baton/dev/next-wake", schedule: undefined });
  expect(pollerConfig({ ...gate, BATON_IDLE_GATE: "off" }).gate).toBeUndefined();
  expect(readConfig(gate)).toMatchObject({ idleGate: true, wakeParameter: "/baton/dev/next-wake" });
});

test("a one-time schedule is named with its group, and needs the role that it invokes the poller as", () => {
  const schedule = { BATON_WAKE_SCHEDULE: "baton-dev/next-wake", BATON_WAKE_ROLE_ARN: "arn:aws:iam::1:role/wake" };
  expect(pollerConfig({ ...gate, ...schedule }).gate?.schedule).toEqual({
    group: "baton-dev",
    name: "next-wake",
    roleArn: "arn:aws:iam::1:role/wake",
  });
});

test.each([
  [{ BATON_IDLE_GATE: "on" }, /^BATON_WAKE_PARAMETER: /],
  [{ ...gate, BATON_WAKE_SCHEDULE: "next-wake" }, /^BATON_WAKE_SCHEDULE: /],
  [{ ...gate, BATON_WAKE_SCHEDULE: "a/b" }, /^BATON_WAKE_ROLE_ARN: /],
  [{ ...gate, BATON_WAKE_SCHEDULE: "a/b", BATON_WAKE_ROLE_ARN: "role" }, /^BATON_WAKE_ROLE_ARN: /],
  [{ BATON_BATCH: "0" }, /^BATON_BATCH: it takes a whole number from 1 to 1000/],
  [{ BATON_POLLER_TIMEOUT_SECONDS: "901" }, /^BATON_POLLER_TIMEOUT_SECONDS: /],
])("the poller refuses %j", (wrong, message) => {
  expect(() => pollerConfig({ ...env, ...wrong })).toThrow(message);
});

test("an empty variable counts as not set, for the poller and for the database too", () => {
  const names = ["BATON_BATCH", "BATON_CONCURRENCY", "BATON_LINGER_SECONDS", "BATON_POLLER_TIMEOUT_SECONDS"];
  expect(pollerConfig({ ...env, ...Object.fromEntries(names.map((name) => [name, ""])) })).toEqual(pollerConfig(env));
  const empty = { ...env, BATON_DRIVER: "", BATON_NEON_ENDPOINT: "" };
  expect(connectionFrom(empty)).toEqual({ url: env.DATABASE_URL });
});

test("a connection string whose password is not percent-encoded is refused at the start, without a word of it", () => {
  const start = () => connectionFrom({ ...env, DATABASE_URL: "postgresql://u:geheim#x@127.0.0.1/db" });
  expect(start).toThrow(/percent-encode/);
  expect(start).not.toThrow(/geheim/);
});

test("steps have connections of their own, apart from the engine's", () => {
  vi.stubEnv("DATABASE_URL", env.DATABASE_URL);
  expect(defaultDatabase()).toBe(defaultDatabase());
  expect(defaultDatabase()).not.toBe(engineDatabase());
});
