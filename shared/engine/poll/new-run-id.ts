import { v7 } from "uuid";

/** The id of a run that is stored at a time, in milliseconds since 1970. */
export function newRunId(now: number): string {
  return v7({ msecs: Math.max(0, Math.floor(now)) });
}
