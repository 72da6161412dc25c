import { expect, inject, test } from "vitest";
import "../../infra/testing/vitest.ts";
import { testRuntime } from "../../infra/testing.ts";
import { orderApproval } from "../order-approval.ts";
import { openMailbox } from "./mailbox.ts";

const now = new Date("2027-03-10T12:00:00Z");
const url = inject("testServer").adminUrl;
const manager = "check/ask/manager";
const order = (cents: number) => ({ orderId: "o-1", cents, customer: "bob@example.com", approver: "ada@example.com" });

/** The service with a mail server, and one order in it. */
async function withOrder(cents: number) {
  const mailbox = await openMailbox();
  const workflow = orderApproval(mailbox.mail);
  const t = await testRuntime({ workflows: [workflow], url, now });
  const run = await t.enqueue(workflow, order(cents));
  await t.idle();
  return {
    t,
    run,
    lettersTo: (address: string) =>
      mailbox.letters.filter(({ to }) => [to].flat().some((one) => one?.text === address)).map(({ text }) => text?.trim()),
    async [Symbol.asyncDispose]() {
      await t[Symbol.asyncDispose]();
      await mailbox[Symbol.asyncDispose]();
    },
  };
}

test("an order of 500 is booked at once, and nobody is asked", async () => {
  await using shop = await withOrder(50_000);
  expect(await shop.t.run(shop.run)).toBeDone({ output: { answer: "accepted, as reservation-o-1" } });
  expect(shop.lettersTo("ada@example.com")).toEqual([]);
  expect(shop.lettersTo("bob@example.com")).toEqual(["It is accepted, as reservation-o-1."]);
});

test("an order above 500 waits for its approver, who gets a link for each choice, and is booked once it is approved", async () => {
  await using shop = await withOrder(50_001);
  const [letter, ...others] = shop.lettersTo("ada@example.com");
  expect(letter).toMatch(/^Approve: https?:\S+\/approvals\/b1\.\S+\nReject: https?:\S+\/approvals\/b1\.\S+\nUntil 2027-03-13T12:00:00/);
  expect(others).toEqual([]);
  expect((await shop.t.run(shop.run)).waiting).toMatchObject({ for: "approval", path: manager });
  await shop.t.advance("2 days");
  expect(shop.lettersTo("bob@example.com")).toEqual([]);
  await shop.t.approve(shop.run, manager, "approve", { by: "Ada" });
  await shop.t.idle();
  expect(await shop.t.run(shop.run)).toBeDone({ output: { answer: "accepted, as reservation-o-1" } });
  await expect(shop.t.approve(shop.run, manager, "reject")).rejects.toMatchObject({ name: "WaitOverError" });
});

test("an order that is rejected is not booked, and its customer is told so", async () => {
  await using shop = await withOrder(60_000);
  await shop.t.approve(shop.run, manager, "reject", { comment: "Too dear." });
  await shop.t.idle();
  expect(await shop.t.run(shop.run)).toBeDone({ output: { answer: "not accepted: reject" } });
  expect(shop.lettersTo("bob@example.com")).toEqual(["It is not accepted: reject."]);
  expect(await shop.t.attempts(shop.run, "outcome/book/reserve")).toEqual([]);
});

test("one that nobody decides on in three days has expired, and its links are dead", async () => {
  await using shop = await withOrder(60_000);
  await shop.t.advance("3 days");
  expect(await shop.t.run(shop.run)).toBeDone({ output: { answer: "not accepted: expired" } });
  expect(shop.lettersTo("bob@example.com")).toEqual(["It is not accepted: expired."]);
  await expect(shop.t.approve(shop.run, manager, "approve")).rejects.toMatchObject({ name: "WaitOverError" });
});
