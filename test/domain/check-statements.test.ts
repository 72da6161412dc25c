import { describe, expect, it } from "vitest";
import * as z from "zod";
import { InvalidStatementError } from "../../shared/domain/check-statements.ts";
import { sendableValues } from "../../shared/domain/statement.ts";
import type { HandlerNode } from "../../shared/domain/node.ts";
import { defineWorkflow } from "../../shared/domain/workflow.ts";
import { contextOf } from "./fixtures.ts";

/** What a sql node does whose handler returns these statements, as code without types may. */
async function runOf(statements: readonly unknown[]) {
  const handler = () => ({ statements }) as never;
  const workflow = defineWorkflow({ name: "ledger", version: 1, input: z.object({}) }).sql("post", handler);
  const node = workflow.nodes[0] as HandlerNode;
  return node.run({ input: {} }, contextOf());
}

const circular: unknown[] = [];
circular.push(circular);
const loop: Record<string, unknown> = {};
loop["self"] = loop;
const endless = { toPostgres: () => endless };
const blank = Array.from({ length: 1 });

const refused: [string, unknown, RegExp][] = [
  ["null", null, /statements\[1\].*it is no object/],
  ["a hole", blank[0], /it is no object/],
  ["a text alone", "select 1", /it is no object/],
  ["values without a text", { values: [1] }, /its text is no SQL/],
  ["an empty text", { text: " \n" }, /its text is no SQL/],
  ["a NUL in the text", { text: "select 1\0" }, /NUL/],
  ["half a character in the text", { text: "select '\ud800'" }, /surrogate/],
  ["values that are no array", { text: "select $1", values: 1 }, /its values are no array/],
  ["too many values", { text: "select 1", values: Array.from({ length: 65_536 }, () => 1) }, /65536 values/],
  ["a function", { text: "select $1", values: [0, () => 1] }, /values\[1\]: a function/],
  ["a symbol in an array", { text: "select $1", values: [[1, [Symbol("s")]]] }, /values\[0\]\[1\]\[0\]: a symbol/],
  ["an array in itself", { text: "select $1", values: [circular] }, /it contains itself/],
  ["an object in itself", { text: "select $1", values: [loop] }, /values\[0\]: it is not JSON \(Converting circular/],
  ["an object that gives itself", { text: "select $1", values: [endless] }, /it contains itself/],
  ["a BigInt in an object", { text: "select $1", values: [{ n: 1n }] }, /it is not JSON \(.*BigInt/],
  ["a toJSON that throws", { text: "select $1", values: [{ toJSON: () => Promise.reject.call(null) }] }, /it is not JSON/],
  ["a toJSON that gives nothing", { text: "select $1", values: [{ toJSON: () => undefined }] }, /gives nothing/],
  ["a toPostgres that gives a function", { text: "select $1", values: [{ toPostgres: () => () => 1 }] }, /a function cannot be sent/],
  ["an invalid date", { text: "select $1", values: [new Date(NaN)] }, /invalid Date/],
  ["a NUL in a value", { text: "select $1", values: ["\0"] }, /NUL/],
  ["half a character in a value", { text: "select $1", values: ["\ud800"] }, /surrogate/],
];

const control: [string, string][] = [
  ["begin", "BEGIN"],
  ["BEGIN isolation level serializable", "BEGIN"],
  ["start transaction", "START"],
  ["commit", "COMMIT"],
  ["commit prepared 'x'", "COMMIT"],
  ["end", "END"],
  ["rollback", "ROLLBACK"],
  ["rollback to savepoint a", "ROLLBACK"],
  ["rollback prepared 'x'", "ROLLBACK"],
  ["abort", "ABORT"],
  ["savepoint a", "SAVEPOINT"],
  ["release savepoint a", "RELEASE"],
  ["discard all", "DISCARD"],
  ["prepare transaction 'x'", "PREPARE TRANSACTION"],
  ["set role owner", "SET ROLE"],
  ["set local role owner", "SET LOCAL ROLE"],
  ['set "role" to owner', "SET ROLE"],
  ["reset role", "RESET ROLE"],
  ["set session authorization owner", "SET SESSION AUTHORIZATION"],
  ["set session_authorization = owner", "SET SESSION_AUTHORIZATION"],
  ["reset session authorization", "RESET SESSION AUTHORIZATION"],
  ["set transaction read only", "SET TRANSACTION"],
  ["set session characteristics as transaction read only", "SET SESSION CHARACTERISTICS"],
  [" ;; \n\t commit", "COMMIT"],
  ["-- a comment\n/* another /* nested */ one */ rollback", "ROLLBACK"],
  ["set/**/local--\nrole owner", "SET LOCAL ROLE"],
];

const copies: [text: string, command: string][] = [
  ["copy t from stdin", "COPY … FROM STDIN"],
  ['COPY t (a, "to stdout") FROM\n STDIN with (format csv)', "COPY … FROM STDIN"],
  ["copy (select 'from stdin' from t) to stdout", "COPY … TO STDOUT"],
  ["/* to a file */ copy t -- from a file\n to /* the client */ stdout", "COPY … TO STDOUT"],
  ["copy (select $a$ it's $a$, E'\\'' from t) to stdout", "COPY … TO STDOUT"],
];

const accepted = [
  "copy t to '/tmp/from stdin'",
  "copy t from program 'cat' with (format csv, null 'to stdout')",
  "copy (select 1 /* from stdin */) to '/tmp/file'",
  "select 'copy t from stdin'",
  "select 1",
  "prepare p as select 1",
  "set local statement_timeout = 100",
  "set app.tenant = 'a'",
  "set constraints all deferred",
  "with commit as (select 1) select * from commit",
  "update role set name = 'commit'",
  "committed",
  "/* only a comment",
  "-- commit",
  "(select 1)",
];

describe("what a sql node returns", () => {
  it.each(refused)("is refused with %s, and the sentence says which statement", async (_, statement, problem) => {
    const running = runOf([{ text: "select 1" }, statement]);
    await expect(running).rejects.toThrow(InvalidStatementError);
    await expect(running).rejects.toMatchObject({ node: "post", statement: 1, message: expect.stringMatching(problem) as unknown });
  });

  it.each(control)("is refused when it controls the transaction: %j", async (text, command) => {
    await expect(runOf([{ text }])).rejects.toThrow(`statements[0] that cannot be run: ${command} is the engine's`);
  });

  it.each(copies)("is refused when it copies from or to the client, which is a function: %j", async (text, command) => {
    await expect(runOf([{ text }])).rejects.toThrow(
      `statements[0] that cannot be run: ${command} speaks with a client that sends or reads the rows, and a function has none: use insert or select`,
    );
  });

  it.each(accepted)("is taken: %j", async (text) => {
    expect(await runOf([{ text }])).toEqual({ statements: [{ text }], output: null });
  });

  it("is refused with what a value's own code throws, where it is not about sending", async () => {
    const value = {
      toPostgres() {
        throw new RangeError("mine");
      },
    };
    await expect(runOf([{ text: "select $1", values: [value] }])).rejects.toThrow(RangeError);
  });

  it("keeps its values as they are, which are sent as the drivers would send them", async () => {
    const values = [1, "a", true, null, undefined, 2n, new Date(0), Buffer.from("b"), [1, ["c", { d: 1 }]], { e: 1 }];
    expect(
      await runOf([
        { text: "select 1", values },
        { text: "select 2", values: null },
      ]),
    ).toEqual({
      statements: [{ text: "select 1", values }, { text: "select 2" }],
      output: null,
    });
    expect(sendableValues([...values, { toPostgres: () => "f" }])).toEqual([...values.slice(0, 8), [1, ["c", '{"d":1}']], '{"e":1}', "f"]);
  });
});
