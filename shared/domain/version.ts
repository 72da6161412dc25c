/** Postgres keeps a version as an integer. */
export const maxVersion = 2_147_483_647;
/** What a version is, as the end of a sentence. */
export const versionRule = `a whole number from 1 to ${maxVersion}`;

/** Whether a workflow may have this version. */
export function isVersion(version: number): boolean {
  return Number.isInteger(version) && version >= 1 && version <= maxVersion;
}
