/** An error as Lambda hands it to who invoked the function. */
export interface LambdaError {
  readonly errorType: string;
  readonly errorMessage: string;
}

/** How an invocation ended: what the handler returned, as JSON text, or an error. */
export type Outcome = { readonly payload: string } | { readonly error: LambdaError };

/** What the runtime is given for one invocation; deadline in milliseconds since 1970. */
export interface Invocation {
  readonly requestId: string;
  readonly event: string;
  readonly deadline: number;
}

/** An answer of an HTTP function, for API Gateway. */
export interface HttpAnswer {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** What a function returned, as an HTTP answer; fails when it ended in an error. */
export function answerOf(outcome: Outcome): HttpAnswer {
  if ("error" in outcome) throw new Error(outcome.error.errorMessage);
  return JSON.parse(outcome.payload) as HttpAnswer;
}
