import type { Archive, ServiceRetention } from "../index.ts";

/**
 * How long this service keeps ended runs, from their ending on; what is not named is kept for ever.
 * The maintenance lets them go, once the week in which they were enqueued is over:
 * `{ every: { done: "30 days" }, workflows: { "fulfil-order": { done: "for ever" } } }`.
 */
export const retention: ServiceRetention = {};

/**
 * Takes each batch of runs before they go, such as `archiveToS3({ bucket: "my-archive" })`: nothing
 * goes that it did not take. Its lines hold inputs and outputs, which the maintenance's login may
 * read only after `grant baton_archiver to maintain`.
 */
export const archive: Archive | undefined = undefined;
