/** Leave to choose one answer of an approval, as a link carries it. */
export interface ApprovalTicket {
  readonly kind: "approval";
  /** The run's id. */
  readonly run: string;
  /** Where the node stands that asks. */
  readonly path: string;
  /** The redrives before it: a redriven run asks anew, with other links. */
  readonly generation: number;
  /** The one answer that this ticket gives. */
  readonly choice: string;
  /** Milliseconds since 1970. */
  readonly expires: number;
}

/** Leave to answer for one attempt of a callback, as its token carries it. */
export interface CallbackTicket {
  readonly kind: "callback";
  /** The run's id. */
  readonly run: string;
  /** Where the node stands that waits. */
  readonly path: string;
  /** An answer to an older attempt is none. */
  readonly attempt: number;
  /** Milliseconds since 1970. */
  readonly expires: number;
}

/** What a link or a token says, and its signature vouches for. */
export type Ticket = ApprovalTicket | CallbackTicket;
