import { expect, test } from "vitest";
import { consoleLogger } from "../../shared/node/log.ts";

const lines: string[] = [];
const logger = consoleLogger(
  undefined,
  (line) => void lines.push(line),
  () => Date.parse("2030-01-31T10:00:00Z"),
);
const last = () => JSON.parse(lines.at(-1)!) as unknown;

test("a line is JSON with its time in UTC, without what has the name or the look of a secret", () => {
  logger.warn("sent", { fields: { password: "hunter2", of: "Ada" }, url: "postgresql://shop:hunter2@db.example/shop" });
  expect(last()).toMatchObject({
    level: "WARN",
    timestamp: "2030-01-31T10:00:00.000Z",
    message: "sent",
    fields: { password: "***", of: "Ada" },
  });
  expect(lines.at(-1)).not.toContain("hunter2");
});

test("fields of a handler that cannot be written are no reason to fail its attempt: the rest of the line is there", () => {
  logger.info("counted", { runId: "r-1", fields: { count: 1n } });
  expect(last()).toMatchObject({ message: "counted", runId: "r-1", fields: "(these fields cannot be written as JSON)" });
});
