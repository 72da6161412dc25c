import { expect, test } from "vitest";
import { reportColumns } from "../../shared/domain/report-columns.ts";
import { InvalidReportError, readReportRequest, reportNames, UnknownReportError } from "../../shared/domain/reports.ts";

test("a report is asked for by its name and texts, and the last day and 20 rows are meant where nothing is said", () => {
  expect(readReportRequest("slow-steps", {})).toEqual({
    report: "slow-steps",
    from: "runs",
    values: { since: "1 days", workflow: undefined, node: undefined, limit: 20 },
  });
  expect(readReportRequest("failures", { since: "90m", workflow: "fulfil-order", node: "charge", limit: "100" }).values).toEqual({
    since: "90 minutes",
    workflow: "fulfil-order",
    node: "charge",
    limit: 100,
  });
  expect(readReportRequest("backlog-age", {}).values).toEqual({ workflow: undefined });
});

test("an unknown report is refused with the names of those that there are", () => {
  for (const name of ["slow", "", "__proto__", "toString"]) expect(() => readReportRequest(name, {})).toThrow(UnknownReportError);
  expect(() => readReportRequest("slow", {})).toThrow(
    'There is no report "slow". There are slow-steps, failures, retries, backlog-age and storage.',
  );
  expect(reportNames).toEqual(Object.keys(reportColumns));
});

test.each([
  ["slow-steps", { sinse: "1d" }, "sinse: there is no such option; there are since, workflow, node and limit"],
  ["backlog-age", { since: "1d" }, "since: there is no such option; there are workflow"],
  ["slow-steps", { since: "1 day" }, "since: give a number and m, h, d or w, such as 90m, 24h, 7d or 4w"],
  ["slow-steps", { since: "0d" }, "since: give a number"],
  ["slow-steps", { since: "true" }, "since: give a number"],
  ["slow-steps", { workflow: "'; drop" }, "workflow: give the name of a workflow"],
  ["slow-steps", { node: "A" }, "node: give the name of a node"],
  ["slow-steps", { limit: "101" }, "limit: give a whole number from 1 to 100"],
  ["slow-steps", { since: "53w" }, "since: give a number and m, h, d or w, such as 90m, 24h, 7d or 4w, at most 366d"],
  ["failures", { since: "169h", node: "charge" }, "node: over 7d there are sums by workflow alone: leave it out, or give at most 7d"],
])("%s with %o is refused with a sentence", (name, given, sentence) => {
  expect(() => readReportRequest(name, given as never)).toThrow(`The report ${name} cannot be made: ${sentence}`);
});

test("all that is wrong with a report is said at once", () => {
  const refused = new InvalidReportError("retries", [{ option: "a", message: "b" }]);
  expect(refused).toMatchObject({ report: "retries", issues: [{ option: "a", message: "b" }] });
  expect(() => readReportRequest("retries", { since: "x", limit: "5" })).toThrow(/since: .*; limit: there is no such option/);
});

test("windows over seven days are those of the rollup", () => {
  const from = (since: string) => readReportRequest("retries", { since }).from;
  expect(["168h", "169h", "7d", "8d", "366d"].map(from)).toEqual(["runs", "rollup", "runs", "rollup", "rollup"]);
});
