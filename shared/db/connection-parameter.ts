import { DatabaseBusyError, DatabaseConfigurationError } from "../domain/database-errors.ts";
import { readParameter } from "./ssm-parameter.ts";

/**
 * Reads a connection string from an SSM parameter.
 *
 * name: a SecureString such as `/baton/prod/poll-queue/database-url`. To be called once a process,
 * and again when the password was rotated.
 *
 * @throws DatabaseConfigurationError when there is no such parameter or it may not be read;
 * DatabaseBusyError when SSM is away.
 */
export function connectionParameter(name: string): () => Promise<string> {
  return async () => {
    try {
      return await readParameter(name, { maxAttempts: 3, timeoutMs: 5_000 });
    } catch (thrown) {
      throw refusal(name, thrown as Error);
    }
  };
}

/** SSM's own message may hold the ARN, which is no secret; the value never is in it. */
function refusal(name: string, thrown: Error): Error {
  if (thrown.name === "ParameterNotFound")
    return new DatabaseConfigurationError(`There is no SSM parameter ${name}: put the connection string there, as a SecureString.`);
  if (thrown.name === "AccessDeniedException")
    return new DatabaseConfigurationError(`The SSM parameter ${name} may not be read: ${thrown.message}`);
  return new DatabaseBusyError(`The connection string could not be read from SSM: ${thrown.name}. The next call tries again.`, {
    cause: thrown,
  });
}
