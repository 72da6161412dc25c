import { describe, expect, test } from "vitest";
import { describeError } from "../../shared/domain/errors.ts";
import { isSecretName, maskedBy, redacted, redactSecrets } from "../../shared/domain/redact.ts";
import { canaries, planted } from "../support/canaries.ts";

describe("the default", () => {
  test.each(canaries)("masks $what", ({ text, secret }) => {
    expect(text).toContain(secret);
    const masked = redactSecrets(text);
    expect(masked).not.toContain(secret);
    expect(masked).toContain("***");
    expect(redactSecrets(masked)).toBe(masked);
  });

  test.each(canaries)("masks $what in whatever is thrown", ({ text, secret }) => {
    for (const [place, thrown] of Object.entries(planted)) {
      expect(JSON.stringify(describeError(thrown(text))), place).not.toContain(JSON.stringify(secret).slice(1, -1));
    }
  });

  test("leaves what says where the trouble is", () => {
    expect(redactSecrets("postgresql://baton:secret@db.example:5432/baton is away")).toBe("postgresql://***@db.example:5432/baton is away");
    expect(redactSecrets('refused: {"user":"ada","password":"x","n":1}')).toBe('refused: {"user":"ada","password":"***","n":1}');
    expect(redactSecrets("https://h/charges?token=abc&page=7 is 404")).toBe("https://h/charges?token=***&page=7 is 404");
    expect(redactSecrets("> authorization: Bearer abc\n> host: h")).toBe("> authorization: ***\n> host: h");
  });

  test.each([
    `Unexpected token '<', "<!DOCTYPE "... is not valid JSON`,
    'password authentication failed for user "baton_poller"',
    'duplicate key value violates unique constraint "sale_pkey"',
    "Key (ticket_id)=(0198c2c8-8a43-7d5e-9d0e-3f6c1f0b7a11) already exists.",
    "connect ECONNREFUSED 127.0.0.1:5432",
    "commit 9f8e7d6c5b4a39281706f5e4d3c2b1a098765432 is not on this branch",
    "https://packages.example.com/@scope/pkg is 404, mail ada@example.com",
    '{"url":"https://api.example/p","mail":"ada@example.com"}',
    "Basic authentication is needed, or a bearer token.",
    "    at charge (file:///srv/shared/workflows/secret-santa.ts:12:34)",
    "max_tokens: 500 of 1000",
  ])("leaves %s as it is", (text) => {
    expect(redactSecrets(text)).toBe(text);
  });
});

test("a secret beyond what is kept of a message does not come back when what stands before it is masked", () => {
  const text = `-----BEGIN PRIVATE KEY-----\n${"MIIE".repeat(3_000)}\n-----END PRIVATE KEY-----\npassword=canary`;
  expect(describeError(new Error(text)).message).toBe("***\npassword=***");
});

test("a service's own redact takes the place of the default", () => {
  const redact = (text: string) => redactSecrets(text).replaceAll(/\bcard-\d+\b/g, "(a card)");
  expect(describeError(new Error("card-4111 and password=x"), redact)).toMatchObject({ message: "(a card) and password=***" });
});

test.each([
  [
    "throws",
    () => {
      throw new Error("canary");
    },
  ],
  ["returns no text", () => undefined as never],
])("a redact that %s costs the text, not its secrets", (_, redact) => {
  expect(redacted("canary", redact)).toBe("(withheld: this service's redact failed on it)");
});

test("a name tells a secret", () => {
  for (const name of ["password", "PGPASSWORD", "dbPassword", "x-api-key", "apiKey", "access_token", "Authorization", "set-cookie"])
    expect(isSecretName(name), name).toBe(true);
  for (const name of ["tokens", "key", "idempotencyKey", "message", "author", "runId"]) expect(isSecretName(name), name).toBe(false);
});

/** What makes a pattern look at the same stretch of text again and again, if it can be made to. */
const stubborn = [
  "://a:",
  "://",
  "@",
  "a",
  "A",
  "1",
  " ",
  "\n",
  "'",
  '"',
  "\\",
  "a.",
  "a-",
  "a_",
  "aA1/",
  "password=",
  "password='",
  'password="\\',
  'password=\\"',
  "password:",
  "password => ",
  "cookie=\\'",
  "authorization: '",
  "aws ",
  "aws",
  "secret",
  "AKIA",
  " AKIAIOSFODNN7EXAMPLE ",
  `aws ${"a".repeat(39)}1 `,
  `AKIAIOSFODNN7EXAMPLE ${"a1".repeat(19)} `,
  "eyJ",
  " eyJaaaaaa.",
  "eyJaaaaaa.aaaaaa.",
  "-----BEGIN PRIVATE KEY-----",
  "-----BEGIN ",
  "-----",
  "bearer ",
  "basic a.a-",
  "ghp_",
  " SG.aaaaaaaaaa.",
  "sk-",
  " sk-a",
  "slack.com/services/",
  "slack.com/",
];

/**
 * The processor time of this thread that a call takes: others may need the processor too. Called
 * until it comes to 8 ms, since some kernels count in steps of 4 ms.
 */
function timeOf(work: () => unknown): number {
  const begun = process.threadCpuUsage();
  for (let calls = 1; ; calls++) {
    work();
    const { user, system } = process.threadCpuUsage(begun);
    if (user + system >= 8_000) return (user + system) / calls;
  }
}

/** Of a few: a busy machine empties the caches. */
const shortest = (work: () => unknown) => Math.min(...Array.from({ length: 3 }, () => timeOf(work)));

/**
 * How much longer it takes for 16 times the text: 16 in proportion to it, 256 in proportion to its
 * square.
 */
const growth = (work: (text: string) => unknown, part: string, size: number): number => {
  const text = (length: number) => part.repeat(Math.ceil(length / part.length));
  const [short, long] = [text(size), text(16 * size)];
  work(short);
  return shortest(() => work(long)) / shortest(() => work(short));
};

test("a text of half a megabyte takes as many times longer as it is longer, whatever is in it", () => {
  const grown = stubborn.map((part) => [part, growth(redactSecrets, part, 32_768)] as const);
  expect(grown.filter(([, times]) => times > 128)).toEqual([]);
  // And this way of measuring knows a pattern that takes the square.
  expect(growth((text) => text.replace(/a+b/g, ""), "a", 2_048)).toBeGreaterThan(128);
});

test("as a replacer it masks each text of a value, and whole what has the name of a secret", () => {
  const value = { password: "hunter2", of: ["Bearer abc"], n: 1 };
  expect(
    JSON.parse(
      JSON.stringify(
        value,
        maskedBy((text) => text.replace("abc", "?")),
      ),
    ),
  ).toEqual({
    password: "***",
    of: ["Bearer ?"],
    n: 1,
  });
});
