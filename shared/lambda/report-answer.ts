import type { Database } from "../db/database.ts";
import { makeReport, ReportTimeoutError } from "../db/report-repository.ts";
import { InvalidReportError, readReportRequest, type ReportRequest, UnknownReportError } from "../domain/reports.ts";
import { answer, type HttpAnswer, type HttpEvent } from "./http-event.ts";
import { Problem } from "./problem.ts";
import { readTexts } from "./query.ts";

/** The database ends what takes longer; the function has five seconds more for its answer. */
const limitMs = 10_000;

/** `GET /reports/{name}`: the rows of a report; the query string has its options. */
export async function reportAnswer(event: HttpEvent, database: Database): Promise<HttpAnswer> {
  const given = readTexts(event);
  try {
    const request = readReportRequest(event.pathParameters?.["name"] ?? "", given);
    return answer(200, await makeReport(database, request, limitMs));
  } catch (thrown) {
    throw reportProblem(thrown, given);
  }
}

function reportProblem(thrown: unknown, given: Readonly<Record<string, string>>): unknown {
  if (thrown instanceof UnknownReportError) return new Problem("unknown-report", thrown.message);
  if (thrown instanceof InvalidReportError)
    return new Problem("invalid-query", thrown.message, {
      errors: thrown.issues.map(({ option: parameter, message }) => ({ parameter, message })),
    });
  if (thrown instanceof ReportTimeoutError)
    return new Problem("report-too-long", `${thrown.message} Or make it where it may take longer: ${commandFor(thrown.report, given)}`);
  return thrown;
}

/** All that was given is a name or a number, so nothing needs quotes. */
function commandFor(report: ReportRequest["report"], given: Readonly<Record<string, string>>): string {
  const options = Object.entries(given).map(([option, value]) => ` --${option} ${value}`);
  return `npm run report -- ${report}${options.join("")}`;
}
