/** How a command ends, besides 0; they are part of what semver holds for. */
export const EXIT = {
  failure: 1,
  usage: 2,
  unreachable: 3,
  notFound: 4,
  unhealthy: 5,
  runFailed: 6,
  timedOut: 124,
  interrupted: 130,
  brokenPipe: 141,
} as const;

/** Ends a command with a code of its own and a sentence. */
export class CommandError extends Error {
  override readonly name = "CommandError";
  readonly exitCode: number;

  constructor(exitCode: number, message: string, options?: ErrorOptions) {
    super(message, options);
    this.exitCode = exitCode;
  }
}

/** Names of errors, by how a command ends with them. */
const CODES: Readonly<Record<string, number>> = {
  DatabaseConfigurationError: EXIT.usage,
  InputTooLargeError: EXIT.usage,
  InvalidDurationError: EXIT.usage,
  InvalidFilterError: EXIT.usage,
  InvalidRunError: EXIT.usage,
  InvalidSignalError: EXIT.usage,
  UnknownMigrationError: EXIT.usage,
  UnusableSchemaError: EXIT.usage,
  DatabaseBusyError: EXIT.unreachable,
  DatabaseUnknownOutcomeError: EXIT.unreachable,
  RunNotFoundError: EXIT.notFound,
  OlderSchemaError: EXIT.unhealthy,
  WaitTimeoutError: EXIT.timedOut,
};
const OF_THE_NETWORK = /^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|ECONNRESET|EHOSTUNREACH)$/;
const OF_THE_LOGIN = /^(28\w{3}|42501|3D000)$/;

/** The exit code that an error stands for. */
export function exitCodeOf(thrown: unknown): number {
  if (thrown instanceof CommandError) return thrown.exitCode;
  return CODES[(thrown as Error).name] ?? (isOfTheDoor(thrown) ? EXIT.unreachable : EXIT.failure);
}

/** Whether the database cannot be reached, or does not let this login in or do it. */
function isOfTheDoor(thrown: unknown): boolean {
  const { code = "", sqlstate = "", cause } = thrown as { code?: string; sqlstate?: string; cause?: unknown };
  if (OF_THE_NETWORK.test(code) || OF_THE_LOGIN.test(code) || OF_THE_LOGIN.test(sqlstate)) return true;
  return cause instanceof Error && isOfTheDoor(cause);
}
