import type { ServiceRetention } from "../index.ts";

/**
 * How long this service keeps ended runs, from their ending on; what is not named is kept for ever.
 * The maintenance lets them go, once the week in which they were enqueued is over:
 * `{ every: { done: "30 days" }, workflows: { "fulfil-order": { done: "for ever" } } }`.
 */
export const retention: ServiceRetention = {};
