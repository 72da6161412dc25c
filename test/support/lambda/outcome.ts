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
