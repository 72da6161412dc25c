import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { WITHOUT_POOLER } from "../support/without-pooler.ts";

test.each(WITHOUT_POOLER)("%s, which is left out behind PgBouncer, sends nothing through it", (file) => {
  const text = readFileSync(file, "utf8");
  expect(text.match(/engineOf|\.connect\("|\.(database|neon)\b|\.url\("/g)).toBeNull();
});
