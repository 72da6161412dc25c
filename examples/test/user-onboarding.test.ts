import { expect, inject, test } from "vitest";
import "../../infra/testing/vitest.ts";
import { testRuntime, type TestRuntime } from "../../infra/testing.ts";
import { userOnboarding } from "../user-onboarding.ts";
import { openMailbox } from "./mailbox.ts";

const now = new Date("2027-03-10T12:00:00Z");
const url = inject("testServer").adminUrl;
const ada = { email: "ada@example.com", name: "Ada", plan: "team" } as const;
const bob = { email: "bob@example.com", name: "Bob", plan: "free" } as const;

const verify = (t: TestRuntime, { email }: { readonly email: string }) => t.signalKey("user-onboarding", "verified", email, null);

test("two users are welcomed, reminded, advised by their plan and asked back, over 30 days", async () => {
  await using mailbox = await openMailbox();
  const onboarding = userOnboarding(mailbox.mail);
  await using t = await testRuntime({ workflows: [onboarding], url, now });
  const from = performance.now();
  const subjectsTo = (user: { readonly email: string }) =>
    mailbox.letters.filter(({ to }) => [to].flat().some((address) => address?.text === user.email)).map(({ subject }) => subject);
  const [first, second] = [await t.enqueue(onboarding, ada), await t.enqueue(onboarding, bob, { delay: "1 day" })];
  await t.idle();
  expect([subjectsTo(ada), subjectsTo(bob)]).toEqual([["Welcome, Ada"], []]);
  expect(await t.run(first)).toBeWaitingFor("verified");
  await verify(t, ada);
  // His address was verified elsewhere, before he is welcomed here.
  await verify(t, bob);
  await t.idle();
  expect(await t.run(first)).toBeWaitingFor("settle-in");
  await t.advance("3 days");
  expect(subjectsTo(ada)).toEqual(["Welcome, Ada", "Three days with us", "Bring your team"]);
  expect(subjectsTo(bob)).toEqual(["Welcome, Bob"]);
  await t.advance("27 days");
  expect(await t.run(first)).toBeDone({ output: { messageId: mailbox.letters.at(-1)!.messageId } });
  expect(await t.run(second)).toBeWaitingFor("live-with-it");
  await t.advance("1 day");
  expect(await t.run(second)).toBeDone();
  expect(subjectsTo(ada)).toEqual(["Welcome, Ada", "Three days with us", "Bring your team", "How was your first month?"]);
  expect(subjectsTo(bob)).toEqual(["Welcome, Bob", "Three days with us", "Make more of it", "How was your first month?"]);
  console.log(`31 days of user-onboarding took ${Math.round(performance.now() - from)} ms`);
});

test("a letter that the mail server refuses is sent again with the same message id, and no letter comes twice", async () => {
  await using mailbox = await openMailbox();
  const onboarding = userOnboarding(mailbox.mail);
  await using t = await testRuntime({ workflows: [onboarding], url, now });
  mailbox.refuse(2);
  const run = await t.enqueue(onboarding, ada);
  await t.idle();
  expect(await t.run(run)).toBeWaitingFor("send-welcome");
  await verify(t, ada);
  await t.advance("30 days");
  await t.advance("10 seconds");
  expect(await t.run(run)).toBeDone();
  const attempts = await t.attempts(run, "send-welcome");
  expect(attempts.map(({ error }) => error?.message)).toEqual([
    "Message failed: 451 Try again later",
    "Message failed: 451 Try again later",
    undefined,
  ]);
  expect(mailbox.letters.map(({ messageId }) => messageId)).toEqual(
    ["send-welcome", "send-reminder", "advice.team.send-team", "ask-back"].map((path) => `<${run}.${path}@onboarding.example>`),
  );
});

test("a user who does not verify the address within a week is left alone, and a second run of the same address never waits", async () => {
  await using mailbox = await openMailbox();
  const onboarding = userOnboarding(mailbox.mail);
  await using t = await testRuntime({ workflows: [onboarding], url, now });
  const [run, twice] = [await t.enqueue(onboarding, ada), await t.enqueue(onboarding, ada, { delay: "1 hour" })];
  await t.advance("2 hours");
  expect(await t.run(twice)).toHaveFailedWith("another unfinished run of this workflow has it");
  await t.advance("7 days");
  expect(await t.run(run)).toHaveFailedWith("no signal came of: verified");
  expect(mailbox.letters).toHaveLength(2);
});

test("a welcome that never gets through fails the run, and nobody is reminded of it", async () => {
  await using mailbox = await openMailbox();
  const onboarding = userOnboarding(mailbox.mail);
  await using t = await testRuntime({ workflows: [onboarding], url, now });
  t.fail("send-welcome", { times: 4, error: "connect ECONNREFUSED" });
  const run = await t.enqueue(onboarding, ada);
  await t.advance("30 days");
  expect(await t.run(run)).toHaveFailedWith("ECONNREFUSED");
  expect(await t.attempts(run, "send-welcome")).toHaveLength(4);
  expect(mailbox.letters).toEqual([]);
});
