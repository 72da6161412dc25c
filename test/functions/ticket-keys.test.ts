import { afterAll, beforeEach, expect, test, vi } from "vitest";
import { answerWaits } from "../../shared/lambda.ts";
import { readConfig } from "../../shared/lambda/config.ts";
import { pollerConfig } from "../../shared/lambda/poller-config.ts";
import { parseTicketKeys } from "../../shared/lambda/ticket-keys.ts";
import { signTicket } from "../../shared/engine/tickets.ts";
import { call, deployFunctions } from "../support/http-functions.ts";
import { startSsm } from "../support/ssm.ts";
import { LATER } from "../support/tickets.ts";

/** Time stands still, and jumps when a test says so. */
let now = Date.now();
vi.spyOn(Date, "now").mockImplementation(() => now);
const pass = (seconds: number) => void (now += seconds * 1_000);

const name = "/baton/test/ticket-keys";
const ssm = await startSsm();
await deployFunctions("signaller", { ...ssm.env, BATON_TICKET_KEYS_PARAMETER: name });
afterAll(() => ssm.close());
const handler = answerWaits({ workflows: [] });

const [older, newer] = ["k1:the-secret-of-the-first-key-is-long-enough", "k2:the-secret-of-the-second-key-is-long-enough"];
const run = "01a20e77-642c-72f0-84ce-fe34e4a43d3c";
const signedWith = (text: string) =>
  signTicket(parseTicketKeys(text), { kind: "callback", run, path: "transcribe", attempt: 1, expires: LATER });
/** What becomes of a token; one that is verified leads to a run that there is not. */
const send = async (token: string) => {
  const { status, body } = await call(handler, { method: "POST", path: `/callbacks/${token}/heartbeat`, parameters: { token } });
  return [status, body.type.split(":").at(-1)];
};
const [verified, refused] = [
  [404, "unknown-run"],
  [404, "unknown-ticket"],
];

beforeEach(() => {
  ssm.parameters.set(name, older);
  ssm.away = false;
  // Each test begins with keys that are not known yet.
  pass(24 * 3_600);
});

test("a key that a poller has just begun to sign with is looked for at once, but not for each token that somebody makes up", async () => {
  expect(await send(signedWith(older))).toEqual(verified);
  const before = ssm.calls();
  pass(5);
  ssm.parameters.set(name, `${newer},${older}`);
  expect([await send(signedWith(newer)), await send(signedWith(older))]).toEqual([verified, verified]);
  expect(ssm.calls() - before).toBe(1);
  for (const made of ["k3", "k4", "k5"]) expect(await send(signedWith(older).replace(".k1.", `.${made}.`))).toEqual(refused);
  for (const text of ["hello", `${signedWith(older).slice(0, -4)}AAAA`]) expect(await send(text)).toEqual(refused);
  expect(ssm.calls() - before).toBe(1);
});

test("a key that is taken out is refused a minute later", async () => {
  ssm.parameters.set(name, `${newer},${older}`);
  expect(await send(signedWith(older))).toEqual(verified);
  ssm.parameters.set(name, newer);
  pass(60);
  expect(await send(signedWith(older))).toEqual(refused);
});

test("while SSM is away the last keys go on, and without any the answer is 503", async () => {
  expect(await send(signedWith(older))).toEqual(verified);
  ssm.away = true;
  pass(3_599);
  expect(await send(signedWith(older))).toEqual(verified);
  pass(1);
  expect(await send(signedWith(older))).toEqual([503, "unavailable"]);
});

test.each([
  ["nothing", undefined, "There is no SSM parameter /baton/test/ticket-keys: make it with pgbaton logins"],
  ["no key", "canary", "The SSM parameter /baton/test/ticket-keys does not hold ticket keys: key 1 is none: give an id"],
  ["a short secret", `${older},k2:canary`, "does not hold ticket keys: key 2 is none: give an id"],
  ["an id twice", `${older},${older}`, "does not hold ticket keys: two keys have the same id"],
])("a parameter with %s gives nobody leave, and the log says what is wrong and nothing of it", async (_, text, reason) => {
  const lines: unknown[] = [];
  vi.spyOn(handler.app().logger, "error").mockImplementation((...line) => void lines.push(line));
  if (text === undefined) ssm.parameters.delete(name);
  else ssm.parameters.set(name, text);
  expect(await send(signedWith(older))).toEqual([500, "internal"]);
  expect(JSON.stringify(lines)).toContain(reason);
  expect(JSON.stringify(lines)).not.toMatch(/canary|long-enough/);
});

const env = { DATABASE_URL: "postgresql://user@host/db" };

test("a poller is told keys or their parameter, and where links lead; it starts without", () => {
  const given = { BATON_TICKET_KEYS: ` ${newer} , ${older}`, BATON_PUBLIC_URL: "https://approvals.example.com/baton/" };
  expect(pollerConfig({ ...env, ...given })).toMatchObject({
    tickets: { ticketKeys: [{ id: "k2" }, { id: "k1" }], ticketKeysParameter: undefined },
    publicUrl: "https://approvals.example.com/baton",
  });
  expect(pollerConfig(env)).toMatchObject({ tickets: { ticketKeys: undefined, ticketKeysParameter: undefined }, publicUrl: undefined });
});

test.each([
  [{ BATON_TICKET_KEYS: "canary" }, /^BATON_TICKET_KEYS: key 1 is none: give an id/],
  [{ BATON_TICKET_KEYS_PARAMETER: "canary" }, /^BATON_TICKET_KEYS_PARAMETER: give it the name of an SSM parameter/],
  [{ BATON_PUBLIC_URL: "canary" }, /^BATON_PUBLIC_URL: give it the URL/],
  [{ BATON_PUBLIC_URL: "ftp://canary" }, /^BATON_PUBLIC_URL: give it the URL/],
])("%j is refused with the variable's name and never its value", (wrong, message) => {
  expect(() => pollerConfig({ ...env, ...wrong })).toThrow(message);
  expect(() => pollerConfig({ ...env, ...wrong })).not.toThrow(/canary/);
});

test("functions with API keys are not told of ticket keys, and start whatever they are", () => {
  expect(readConfig({ ...env, BATON_TICKET_KEYS: "nonsense" })).not.toHaveProperty("ticketKeys");
});

test("a function without ticket keys says which setting it lacks", async () => {
  vi.stubEnv("BATON_TICKET_KEYS_PARAMETER", "");
  expect(() => answerWaits({ workflows: [] }).app()).toThrow(/^BATON_TICKET_KEYS_PARAMETER: give it the name of the SSM parameter/);
  vi.unstubAllEnvs();
});
