/**
 * The seed of this file's random tests, printed so that a failure can be repeated with
 * `BATON_SEED=… npx vitest run <file>`.
 */
export function printedSeed(): number {
  const seed = Number(process.env["BATON_SEED"] ?? Date.now() % 2 ** 31);
  console.log(`BATON_SEED=${seed}`);
  return seed;
}
