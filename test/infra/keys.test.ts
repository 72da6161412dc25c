import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeEach, expect, test } from "vitest";
import { findKey, parseApiKeys } from "../../shared/lambda/api-key.ts";
import { parseTicketKeys } from "../../shared/lambda/ticket-keys.ts";
import { startSsm } from "../support/ssm.ts";

const parameter = "/baton/pr-42/api-keys";
const script = fileURLToPath(new URL("../../infra/keys.ts", import.meta.url));
const ssm = await startSsm();
afterAll(() => ssm.close());
beforeEach(() => ssm.parameters.clear());

interface Ended {
  readonly code?: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the command; what fails ends with a code and a sentence. */
const keys = (...args: string[]): Promise<Ended> =>
  promisify(execFile)(process.execPath, [script, ...args, "--stage", "pr-42"], { env: { ...process.env, ...ssm.env } }).catch(
    (thrown: unknown) => thrown as Ended,
  );
const stored = () => parseApiKeys(ssm.parameters.get(parameter)!);

test("a key that is made is stored by its digest, in the form that the functions read, and printed alone", async () => {
  const { stdout, stderr } = await keys("add", "shop", "--role", "producer");
  const key = stdout.trim();
  expect(key).toMatch(/^[\w-]{32}$/);
  expect(stderr).toMatch(/^Service baton, stage pr-42, region eu-central-1, account 123456789012\n/);
  expect(findKey(key, stored())).toMatchObject({ name: "shop", role: "producer" });
  expect(ssm.parameters.get(parameter)).not.toContain(key);
});

test("a key is replaced by adding another of its name and removing the first by its digest", async () => {
  await keys("add", "shop", "--role", "producer");
  const [first] = stored();
  const { stdout } = await keys("add", "shop", "--role", "producer");
  expect((await keys("remove", "shop")).stderr).toMatch(/^2 keys have this name: /m);
  await keys("remove", "shop", first!.digest.toString("hex").slice(0, 12));
  expect(stored()).toEqual([findKey(stdout.trim(), stored())]);
});

test("the list shows names, roles and beginnings of digests", async () => {
  expect((await keys("list")).stdout).toBe("There are no keys: every request is answered with 401.\n");
  await keys("add", "shop", "--role", "producer");
  await keys("add", "oncall", "--role", "operator");
  expect((await keys("list")).stdout).toMatch(/^shop +producer +[0-9a-f]{12}\noncall +operator +[0-9a-f]{12}\n$/);
});

test.each([
  [["add", "shop"], /^Usage: /m],
  [["add", "shop", "--role", "admin"], /^There is no role admin\. Usage: /],
  [["add", "two words", "--role", "reader"], /^0\.name: take 1 to 64 letters/m],
  [["remove", "nobody"], /^There is no such key: /m],
  [["frobnicate", "shop"], /^Usage: /m],
])("%j is refused with a sentence, and nothing is stored", async (args, sentence) => {
  expect(await keys(...args)).toMatchObject({ code: 1, stderr: expect.stringMatching(sentence) });
  expect(ssm.parameters.size).toBe(0);
});

test("more keys than a parameter holds are refused, and those that are there stay", async () => {
  const many = Array.from({ length: 36 }, (_, n) => ({
    name: `a-longer-name-${n}`,
    role: "reader",
    digest: n.toString(16).padStart(64, "0"),
  }));
  ssm.parameters.set(parameter, JSON.stringify(many));
  expect((await keys("add", "one-more", "--role", "reader")).stderr).toMatch(/^37 keys are more than the 4096 characters/m);
  expect(stored()).toHaveLength(36);
});

test("a ticket key is added in front, where it signs, and an older one is removed by its id; no secret is shown", async () => {
  const made = async () => parseTicketKeys(ssm.parameters.get("/baton/pr-42/ticket-keys")!);
  expect((await keys("tickets")).stdout).toBe("");
  await keys("tickets", "add");
  const [first] = await made();
  const { stdout } = await keys("tickets", "add");
  const [second, ...others] = await made();
  expect(others).toEqual([first]);
  expect(stdout).toMatch(new RegExp(`^${second.id} +signs\\n${first.id} +verifies\\n$`));
  expect(stdout).not.toContain(second.secret);
  expect(await keys("tickets", "remove", second.id)).toMatchObject({ code: 1, stderr: expect.stringContaining("add another one first") });
  expect(await keys("tickets", "remove", "other")).toMatchObject({ code: 1, stderr: expect.stringContaining("no such ticket key") });
  await keys("tickets", "remove", first.id);
  expect(await made()).toEqual([second]);
});
