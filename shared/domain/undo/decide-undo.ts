import type { ChainStanding } from "../chain.ts";
import type { Fate, NewRow } from "../decision.ts";
import type { Json } from "../json.ts";
import { jsonbBytes } from "../jsonb-bytes.ts";
import { runError } from "../run-errors.ts";
import { VERDICT, type Ruling } from "./ruling.ts";
import { positionOfMark, type Undoing } from "./undoing.ts";

/** What a run is to come to, as it is stored. */
export function rowOfRuling(chain: ChainStanding, ruling: Ruling, clock: number): NewRow {
  const output = ruling as unknown as Json;
  const bytes = jsonbBytes(output);
  return { path: VERDICT, position: positionOfMark(chain), attempt: 0, startedAt: clock, finishedAt: clock, output, bytes };
}

/** How a run ends once everything was tried: one of which not all is undone has failed. */
export function fateOf({ status, error }: Ruling, { failed }: Undoing): Fate {
  if (failed === 0 && status === "cancelled") return { kind: "cancelled" };
  return { kind: "failed", error: error ?? undoIncomplete(failed) };
}

function undoIncomplete(failed: number) {
  const what = failed === 1 ? "One node was" : `${failed} nodes were`;
  return runError(
    "UndoIncompleteError",
    `The run was cancelled, and not all of it is undone. ${what} not: see its undos, and mend it by hand.`,
  );
}
