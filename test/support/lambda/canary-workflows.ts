// The workflows of bundles under test: each run fails in one place with one canary, or logs it.
import * as z from "zod";
import { defineWorkflow } from "../../../shared/index.ts";
import { canaries, planted } from "../canaries.ts";

const Input = z.strictObject({ canary: z.int(), place: z.string() });
const textOf = ({ canary }: z.output<typeof Input>) => canaries[canary]!.text;
const once = { retry: { maxAttempts: 1 } };

const throws = defineWorkflow({ name: "throws", version: 1, input: Input }).step("leak", once, ({ input }) => {
  throw planted[input.place]!(textOf(input));
});

/** An error that escapes its handler, which is logged too. */
const escapes = defineWorkflow({ name: "escapes", version: 1, input: Input }).step("leak", once, async ({ input }) => {
  setTimeout(() => {
    throw planted[input.place]!(textOf(input));
  });
  await new Promise(() => undefined);
});

/** The database's own words about a statement. */
const refused = defineWorkflow({ name: "refused", version: 1, input: Input }).sql("leak", once, ({ input }) => ({
  statements: [{ text: "select cast($1 as int)", values: [textOf(input)] }],
}));

const logs = defineWorkflow({ name: "logs", version: 1, input: Input }).step("leak", once, ({ input }, { logger }) => {
  const text = textOf(input);
  logger.info(text);
  logger.warn("in fields", { text, deep: [{ text }], error: new Error(text, { cause: new Error(text) }), password: text });
});

export const workflows = [throws, escapes, refused, logs];
