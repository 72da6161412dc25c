/** The seed of this file's random tests, in their titles: set SEED to run them again as they were. */
export const seed = Number(process.env.SEED ?? Date.now() % 2_147_483_647);
