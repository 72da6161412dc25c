import { expect, test } from "vitest";
import { Mail, noMail } from "../../shared/domain/mail.ts";

const letter = (n: number) => ({ n, name: "beat", body: null, at: 0 });

test("mail tells more than what was known where it has another message, and not where it has the same", () => {
  const one = new Mail(1, [letter(1)], ["beat"]);
  expect(one.tellsMoreThan(noMail)).toBe(true);
  expect(new Mail(2, [letter(1)], ["beat"]).tellsMoreThan(one)).toBe(false);
  expect(new Mail(2, [], ["beat"]).tellsMoreThan(one)).toBe(false);
  // A heartbeat takes the place of the one before.
  expect(new Mail(2, [letter(2)], ["beat"]).tellsMoreThan(one)).toBe(true);
});
