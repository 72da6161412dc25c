/** The largest output of a node, in bytes of JSON as the database writes it. */
export const MAX_OUTPUT_BYTES = 256 * 1024;

/**
 * The largest state of a run, input and outputs together, in bytes of JSON as the database writes
 * it.
 */
export const MAX_STATE_BYTES = 4 * 1024 * 1024;

/**
 * What is due sooner than this is waited for in the lease: giving the run back and claiming it
 * again would take about as long.
 */
export const WAIT_IN_LEASE_BELOW_MS = 2_000;

/**
 * The highest number of an attempt that can be stored; a redrive does not begin the numbers anew.
 */
export const MAX_ATTEMPT = 32_767;
