/** The seed of this file's random tests, printed so that a failure can be repeated with `SEED=… npx vitest run <file>`. */
export function printedSeed(): number {
  const seed = Number(process.env["SEED"] ?? Date.now() % 2 ** 31);
  console.log(`SEED=${seed}`);
  return seed;
}
