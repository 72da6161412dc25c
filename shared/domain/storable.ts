import type { Json } from "./json.ts";

/** A value or the promise of it. */
export type MaybePromise<Value> = Value | Promise<Value>;

/**
 * The type itself where it is JSON, and a sentence in every place where it is not. Interfaces and
 * optional properties are JSON.
 */
export type Storable<Value> = Value extends Json
  ? Value
  : Value extends Date
    ? "a Date is not JSON: return date.toISOString()"
    : Value extends bigint
      ? "a bigint is not JSON: return it as a string"
      : Value extends undefined
        ? "JSON has no undefined: use null"
        : Value extends symbol | ((...args: never) => unknown)
          ? "functions and symbols are not JSON"
          : Value extends readonly unknown[]
            ? { readonly [Key in keyof Value]: Storable<Value[Key]> }
            : Value extends object
              ? { readonly [Key in keyof Value]: Storable<Exclude<Value[Key], undefined>> | Extract<Value[Key], undefined> }
              : "this type is not known to be JSON: give the node an output schema";

/** What is stored for what a handler returns: nothing becomes `null`. */
export type Stored<Returned> = Exclude<Returned, void> | ([Extract<Returned, void>] extends [never] ? never : null);

/**
 * Adds nothing to the type of a handler that returns JSON; to any other it adds a property that
 * nobody has, named by a sentence.
 *
 * The type parameter that is refused needs the default `null`: without it TypeScript asks about
 * `unknown` before it has read the handler.
 */
export type RefuseUnlessJson<Returned> = [Stored<Returned>] extends [Storable<Stored<Returned>>]
  ? unknown
  : { readonly "what this handler returns is not JSON": Storable<Stored<Returned>> };
