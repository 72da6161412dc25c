import { AttributesTooLargeError, tooManyBytes } from "../domain/attributes.ts";
import { NotJsonError } from "../domain/json.ts";
import { issue } from "../engine/schema-issues.ts";
import { callerOf } from "./bearer-auth.ts";
import { answer, runIdOf } from "./http-event.ts";
import type { Answerer } from "./http-function.ts";
import { readJson } from "./json-body.ts";
import { Problem } from "./problem.ts";
import { readQuery } from "./query.ts";

/** `PATCH /runs/{id}/attributes`: the body is the change. */
export const changeAttributes: Answerer = async (event, app) => {
  readQuery(event);
  const changed = app.control.changeAttributes(runIdOf(event), readJson(event), callerOf(event)?.name);
  return answer(200, await changed.catch((thrown: unknown) => Promise.reject(problemOf(thrown) as Error)));
};

function problemOf(thrown: unknown): unknown {
  if (thrown instanceof NotJsonError) return invalid(thrown.pointer, thrown.reason);
  if (thrown instanceof AttributesTooLargeError) return invalid("", `with this change ${tooManyBytes(thrown.bytes)}`);
  return thrown;
}

function invalid(pointer: string, message: string): Problem {
  return new Problem("invalid-body", "Correct what is listed under errors and send the request again; nothing was changed.", {
    errors: [issue(pointer, message)],
  });
}
