/** Two calls of a situation, and how the first one's transaction ends. */
export interface Meeting<Prepare, Calls> {
  readonly situation: string;
  readonly prepare: Prepare;
  readonly calls: Calls;
  readonly first: string;
  readonly second: string;
  readonly end: "commit" | "rollback";
}

/** Every two calls of each situation, either way; all of them take minutes, so a sixth is drawn. */
export function drawMeetings<Prepare, Calls extends object>(
  situations: readonly (readonly [situation: string, prepare: Prepare, calls: Calls])[],
  random: () => number,
): Meeting<Prepare, Calls>[] {
  const isDrawn = () => process.env["BATON_TEST_LONG"] === "1" || random() < 1 / 6;
  return situations.flatMap(([situation, prepare, calls]) =>
    Object.keys(calls).flatMap((first) =>
      Object.keys(calls).flatMap((second) =>
        (["commit", "rollback"] as const).filter(isDrawn).map((end) => ({ situation, prepare, calls, first, second, end })),
      ),
    ),
  );
}
