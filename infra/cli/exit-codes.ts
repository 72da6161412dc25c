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

/** Names of errors that say that the database cannot be reached, or does not let this login in. */
const UNREACHABLE = new Set(["DatabaseBusyError", "DatabaseConfigurationError", "DatabaseUnknownOutcomeError", "OlderSchemaError"]);
const OF_THE_NETWORK = /^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|ECONNRESET|EHOSTUNREACH)$/;
const OF_THE_LOGIN = /^(28\w{3}|42501|3D000)$/;

/** The exit code that an error stands for. */
export function exitCodeOf(thrown: unknown): number {
  if (thrown instanceof CommandError) return thrown.exitCode;
  const { name = "", code = "", sqlstate = "" } = thrown as { name?: string; code?: string; sqlstate?: string };
  if (UNREACHABLE.has(name) || OF_THE_NETWORK.test(code) || OF_THE_LOGIN.test(code) || OF_THE_LOGIN.test(sqlstate)) return EXIT.unreachable;
  if (name === "RunNotFoundError") return EXIT.notFound;
  if (name === "WaitTimeoutError") return EXIT.timedOut;
  if (/^Invalid(Filter|Run|Duration)Error$|^InputTooLargeError$/.test(name)) return EXIT.usage;
  return EXIT.failure;
}
