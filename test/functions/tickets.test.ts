import { createHmac } from "node:crypto";
import fc from "fast-check";
import { expect, test } from "vitest";
import type { Ticket } from "../../shared/domain/ticket.ts";
import { readTicket, signTicket, type TicketKeys } from "../../shared/engine/tickets.ts";

const keys: TicketKeys = [{ id: "k1", secret: "a secret of the first key, long enough" }];
const newer: TicketKeys = [{ id: "k2", secret: "a secret of the second key, long enough" }, ...keys];
const now = Date.UTC(2027, 0, 1);
const run = "01a20e77-642c-72f0-84ce-fe34e4a43d3c";
const approval: Ticket = { kind: "approval", run, path: "manager", generation: 0, choice: "approve", expires: now + 1 };
const callback: Ticket = { kind: "callback", run, path: "docs/00017/of%2F/transcribe", attempt: 3, expires: 253_370_764_800_000 };

test("a ticket says what was signed, in a text that a URL takes as it is", () => {
  for (const ticket of [approval, callback]) {
    const text = signTicket(keys, ticket);
    expect(readTicket(keys, text, now)).toEqual(ticket);
    expect(encodeURIComponent(text)).toBe(text);
    expect(text.length).toBeLessThan(250);
  }
});

test("any other text is refused, wherever one of its characters is another", () => {
  const text = signTicket(keys, approval);
  const other = fc.record({
    at: fc.nat({ max: text.length - 1 }),
    by: fc.constantFrom("A", "Z", "a", "z", "0", "9", "-", "_", ".", "~", " ", "ä"),
  });
  fc.assert(
    fc.property(other, ({ at, by }) => {
      fc.pre(text[at] !== by);
      const changed = text.slice(0, at) + by + text.slice(at + 1);
      expect(readTicket(keys, changed, now)).toEqual({ refused: expect.stringMatching(/^(malformed|forged)$/) });
    }),
  );
});

test("the last character of a signature has one form only", () => {
  const text = signTicket(keys, approval);
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  const accepted = alphabet.split("").filter((last) => !("refused" in readTicket(keys, text.slice(0, -1) + last, now)));
  expect(accepted).toEqual([text.at(-1)]);
});

test("a text that is no ticket is malformed, and one that another key has signed is forged", () => {
  for (const text of ["", "b1", "b1...", "x".repeat(5_000), `b2${signTicket(keys, approval).slice(2)}`, `${signTicket(keys, approval)}\n`])
    expect(readTicket(keys, text, now)).toEqual({ refused: "malformed" });
  expect(readTicket(keys, signTicket([{ id: "k1", secret: "another" }], approval), now)).toEqual({ refused: "forged" });
  expect(readTicket(keys, signTicket(newer, approval), now)).toEqual({ refused: "forged" });
});

test("the first key signs and every key verifies, until it is dropped", () => {
  const [before, after] = [signTicket(keys, approval), signTicket(newer, approval)];
  expect([readTicket(newer, before, now), readTicket(newer, after, now)]).toEqual([approval, approval]);
  const [second] = newer;
  expect(readTicket([second], before, now)).toEqual({ refused: "forged" });
});

test("an expired ticket says so from its moment on, and only one that was signed", () => {
  const text = signTicket(keys, approval);
  expect(readTicket(keys, text, now + 1)).toEqual({ refused: "expired", expires: now + 1 });
  expect(readTicket(keys, `${text.slice(0, -3)}AAA`, now + 1)).toEqual({ refused: "forged" });
});

test("what a key has signed for another purpose, or another version, is malformed", () => {
  for (const said of ["[]", '{"kind":"approval"}', "no JSON", JSON.stringify(["callback", "no-uuid", "manager", 1, now + 1])]) {
    const says = `b1.k1.${Buffer.from(said).toString("base64url")}`;
    const signature = createHmac("sha256", keys[0].secret).update(says).digest("base64url");
    expect(readTicket(keys, `${says}.${signature}`, now)).toEqual({ refused: "malformed" });
  }
});
