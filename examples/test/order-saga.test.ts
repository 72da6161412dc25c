import { expect, inject, test } from "vitest";
import "../../infra/testing/vitest.ts";
import { testRuntime } from "../../infra/testing.ts";
import { NonRetryableError } from "../../shared/index.ts";
import { orderSaga } from "../order-saga.ts";
import { openMailbox } from "./mailbox.ts";
import { recordingShop } from "./recording-shop.ts";

const now = new Date("2027-03-10T12:00:00Z");
const url = inject("testServer").adminUrl;

/** The service with a mail server, and one order in it that waits for its approver. */
async function withOrder() {
  const mailbox = await openMailbox();
  const { shop, calls, failNext } = recordingShop();
  const { order, orderFailed } = orderSaga(shop, mailbox.mail);
  const t = await testRuntime({ workflows: [order, orderFailed], url, now });
  const run = await t.enqueue(order, { orderId: "o-1", cents: 1250, approver: "ada@example.com" });
  await t.idle();
  return {
    t,
    run,
    calls,
    failNext,
    lettersTo: (address: string) =>
      mailbox.letters.filter(({ to }) => [to].flat().some((one) => one?.text === address)).map(({ text }) => text?.trim()),
    async [Symbol.asyncDispose]() {
      await t[Symbol.asyncDispose]();
      await mailbox[Symbol.asyncDispose]();
    },
  };
}

test("an order that is approved is shipped, nothing is taken back, and the desk hears of nothing", async () => {
  await using shop = await withOrder();
  expect(shop.lettersTo("ada@example.com")).toEqual([
    expect.stringMatching(/^Approve: https?:\S+\nDecline: https?:\S+\nUntil 2027-03-13T/),
  ]);
  await shop.t.approve(shop.run, "manager", "approve");
  await shop.t.idle();
  expect(await shop.t.run(shop.run)).toBeDone({ output: "parcel of o-1" });
  expect(shop.calls).toEqual(["reserve", "charge", "ship"]);
  expect(shop.lettersTo("desk@orders.example")).toEqual([]);
});

test("an order that is declined is taken back in reverse order, and the desk gets one letter", async () => {
  await using shop = await withOrder();
  await shop.t.approve(shop.run, "manager", "decline");
  await shop.t.idle();
  expect(shop.calls).toEqual(["reserve", "charge", "refund", "release reservation of o-1"]);
  const run = await shop.t.run(shop.run);
  expect(run).toMatchObject({ status: "failed", undo: { status: "complete", because: "failed" } });
  expect(run.undo?.steps.map(({ path }) => path)).toEqual(["charge", "reserve"]);
  await shop.t.advance("7 days");
  expect(shop.lettersTo("desk@orders.example")).toEqual(["the approver's answer: decline"]);
  expect(run.followedBy).toMatchObject([{ hook: "whenFailed", ending: 0 }]);
});

test("one that nobody decides on in three days is taken back too", async () => {
  await using shop = await withOrder();
  await shop.t.advance("3 days");
  expect(shop.calls).toEqual(["reserve", "charge", "refund", "release reservation of o-1"]);
  expect(shop.lettersTo("desk@orders.example")).toEqual(["the approver's answer: expired"]);
});

test("one that cannot be shipped is called back as well, since its parcel may have left, and an undo that fails is tried again", async () => {
  await using shop = await withOrder();
  shop.t.fail("ship", { error: new NonRetryableError("no courier comes here") });
  shop.failNext("refund");
  await shop.t.approve(shop.run, "manager", "approve");
  await shop.t.advance("1 hour");
  expect(shop.calls).toEqual(["reserve", "charge", "recall", "refund", "refund", "release reservation of o-1"]);
  expect(await shop.t.run(shop.run)).toMatchObject({ status: "failed", undo: { status: "complete" } });
  expect(shop.lettersTo("desk@orders.example")).toEqual(["no courier comes here"]);
});
