/**
 * The seed of this file's random tests, in their titles: set BATON_SEED to run them again as they
 * were.
 */
export const seed = Number(process.env["BATON_SEED"] ?? Date.now() % 2_147_483_647);
