/** A test names a node that no workflow of it has. */
export class UnknownNodeError extends Error {
  override readonly name = "UnknownNodeError";
  readonly path: string;

  constructor(path: string, nodes: readonly string[]) {
    super(
      `No workflow of this test has a node "${path}": name one of ${[...new Set(nodes)].join(", ")}, or what is below one by its whole path, such as checks/credit/score, mails/00002/send, or mails/*/send for each item.`,
    );
    this.path = path;
  }
}

/** A test answers for a node that calls no handler. */
export class NoHandlerError extends Error {
  override readonly name = "NoHandlerError";
  readonly path: string;

  constructor(path: string, kind: string) {
    const instead = kind === "child" ? "name a node of its workflow" : "move the clock, or name a node that is inside of it";
    super(`The node "${path}" is ${/^[aeiou]/.test(kind) ? "an" : "a"} ${kind} and has no handler of its own: ${instead}.`);
    this.path = path;
  }
}

/** The user of a server may not make what a test needs there. */
export class TestServerRefusedError extends Error {
  override readonly name = "TestServerRefusedError";
  readonly user: string;

  constructor(user: string, options: ErrorOptions) {
    super(
      `The user ${user} may not create databases on the server for tests: let a superuser run ALTER ROLE ${user} CREATEDB, ` +
        `name another server in TEST_DATABASE_URL, or unset it for an embedded Postgres. ${(options.cause as Error).message}`,
      options,
    );
    this.user = user;
  }
}

/** An error came out of a handler whose attempt was over: nothing of it fails any more. */
export class EscapedError extends Error {
  override readonly name = "EscapedError";
  readonly runId: string;
  readonly path: string;
  readonly attempt: number;

  constructor({ runId, path, number }: { readonly runId: string; readonly path: string; readonly number: number }, cause: unknown) {
    super(
      `An error escaped attempt ${number} of "${path}" of the run ${runId}, which was over: await what the handler begins. ` +
        (cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause)),
      { cause },
    );
    this.runId = runId;
    this.path = path;
    this.attempt = number;
  }
}
