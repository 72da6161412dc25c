import { expect, test } from "vitest";
import { readExpression } from "../../infra/local/host/schedule-expression.ts";

test.each([
  ["at(2028-02-29T23:59:59)", "at"],
  ["rate(1 minute)", "rate"],
  ["rate(12 hours)", "rate"],
  ["cron(0 12 * * ? *)", "cron"],
  ["cron(0/15 8-18 ? * MON-FRI *)", "cron"],
  ["cron(5,35 0 1,15 JAN,jul ? 2026-2030)", "cron"],
  ["cron(0 0 L * ? *)", "cron"],
  ["cron(0 0 15W * ? *)", "cron"],
  ["cron(0 0 ? * 6L *)", "cron"],
  ["cron(0 0 ? * 2#1 *)", "cron"],
])("%s is an expression of the Scheduler's", (text, kind) => {
  expect(readExpression(text)?.kind).toBe(kind);
});

test.each([
  "cron()",
  "cron(INVALID)",
  "cron(0 1 * * * *)",
  "cron(0 1 ? * ? *)",
  "cron(71 8 1 * ? *)",
  "cron(0 24 1 * ? *)",
  "cron(0 0 32 * ? *)",
  "cron(0 0 1 13 ? *)",
  "cron(7 20 * * NOT *)",
  "cron(0 dummy ? * MON-FRI *)",
  "cron(0/0 0 1 * ? *)",
  "cron(0 0 1 * ? 1969)",
  "cron(0 0 1 * ?)",
  "rate()",
  "rate(10)",
  "rate(10 years)",
  "rate(10 minutess)",
  "rate(foo minutes)",
  "rate(-10 minutes)",
  "rate( 10 minutes )",
  " rate(10 minutes)",
])("%j is none", (text) => {
  expect(readExpression(text)).toBeUndefined();
});
