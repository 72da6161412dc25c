/**
 * Seeds whose storm found something that was mended since: each of them storms again with every
 * change, beside a new one.
 *
 * A seed repeats every decision, what comes, whom it meets, what is sent, and not the moments at
 * which threads meet.
 */
export const keptSeeds: readonly number[] = [
  // A probe that came twice was taken for the statements: seven effects were lost.
  195293666,
];
