/**
 * Repeatable random numbers from 0 up to, not including, 1; BATON_SEED sets the seed, which a test
 * prints. Mulberry32, by Tommy Ettinger.
 */
export function seededRandom(seed = Number(process.env["BATON_SEED"] ?? Math.floor(Math.random() * 2 ** 31))): {
  random: () => number;
  seed: number;
} {
  let state = seed;
  const random = () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  return { random, seed };
}
