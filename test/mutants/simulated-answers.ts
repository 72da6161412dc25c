import { caught, type Mutant } from "./mutant.ts";

const simulated = caught("simulation/nested.test.ts", "what was once wrong, and the first hundred, end as their models say");

/** Approvals, callbacks and keys, each of which a simulation finds. */
export const simulatedAnswers: readonly Mutant[] = [
  {
    name: "A redriven run asks with the links of before",
    file: "shared/domain/nodes/approving.ts",
    find: "const generation = scene.redrives();",
    replace: "const generation = Math.min(scene.redrives(), 0);",
    ...simulated,
  },
  {
    name: "A decision that comes with its deadline is none",
    file: "shared/domain/nodes/approving.ts",
    find: "if (letter !== undefined) return { moves: [this.read(letter)] };",
    replace: "if (letter !== undefined && deadline?.isOver !== true) return { moves: [this.read(letter)] };",
    ...simulated,
  },
  {
    name: "The answer to a callback wakes nobody",
    file: "sql/functions/answer_wait.sql",
    find: "update baton.ready q set run_at = moment where q.run_id = of_run and q.run_at > moment;",
    replace: "perform 1 from baton.ready q where q.run_id = of_run and q.run_at > moment;",
    ...simulated,
  },
  {
    name: "A second answer to the same question is accepted",
    file: "sql/functions/refuse_answer.sql",
    find: "when stored.body = request -> 'body' then 'repeated' else 'answered' end",
    replace: "when stored.body = request -> 'body' then 'repeated' end",
    ...simulated,
  },
  {
    name: "The token of an older attempt is accepted",
    file: "sql/functions/refuse_answer.sql",
    find: "and f.attempt >= (request ->> 'attempt')::integer)",
    replace: "and f.attempt > (request ->> 'attempt')::integer)",
    ...simulated,
  },
  {
    name: "A signal by a key that nobody had is left behind",
    file: "sql/functions/take_keys.sql",
    find: "select run, name, body, at from mine order by n;",
    replace: "select run, name, body, at from mine where n < 0 order by n;",
    ...simulated,
  },
];
