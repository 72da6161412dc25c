import { caught, type Mutant } from "./mutant.ts";

const ofDatabase = "db/answers.test.ts";
const races = "db/answer-races.test.ts";
const tickets = "functions/tickets.test.ts";

/** Answers to approvals and callbacks, and the tickets that give leave to them. */
export const answers: readonly Mutant[] = [
  {
    name: "A signature of a ticket is not compared",
    file: "shared/engine/tickets.ts",
    find: "if (key === undefined || !isSame(signature, signatureOf(key, says)))",
    replace: "if (key === undefined)",
    ...caught(tickets, "any other text is refused, wherever one of its characters is another"),
  },
  {
    name: "A ticket is good for ever",
    file: "shared/engine/tickets.ts",
    find: "return now < ticket.expires ? ticket",
    replace: "return now < Infinity ? ticket",
    ...caught(tickets, "an expired ticket says so from its moment on, and only one that was signed"),
  },
  {
    name: "A GET decides",
    file: "shared/engine/produce/answer-wait.ts",
    find: "return ask(answerer, ticket, { ...requestOf(ticket), look: true });",
    replace: "return ask(answerer, ticket, requestOf(ticket));",
    ...caught("functions/approvals.test.ts", "a GET shows who asks for what until when, and changes nothing"),
  },
  {
    name: "A link of before a redrive decides",
    file: "sql/functions/refuse_answer.sql",
    find: "if (select count(*) from baton.redrive d where d.run_id = id) <> (request ->> 'generation')::integer\n    or exists",
    replace: "if exists",
    ...caught(ofDatabase, "what is stored, asked anew, over or unknown takes no answer"),
  },
  {
    name: "The token of an older attempt is taken",
    file: "sql/functions/refuse_answer.sql",
    find: "f.attempt >= (request ->> 'attempt')::integer",
    replace: "f.attempt < (request ->> 'attempt')::integer",
    ...caught(ofDatabase, "what is stored, asked anew, over or unknown takes no answer"),
  },
  {
    name: "A second answer is stored beside the first",
    file: "sql/functions/refuse_answer.sql",
    find: "case when not found then null when stored.body = request -> 'body' then 'repeated' else 'answered' end",
    replace: "null::text",
    ...caught(ofDatabase, "a decision wakes the run that waits for it, and the first one counts"),
  },
  {
    name: "A copy of an answer is told that another came first",
    file: "sql/functions/refuse_answer.sql",
    find: "when stored.body = request -> 'body' then 'repeated'",
    replace: "",
    ...caught(ofDatabase, "a decision wakes the run that waits for it, and the first one counts"),
  },
  {
    name: "Two who answer at once do not wait for each other",
    file: "sql/functions/answer_wait.sql",
    find: "mail := baton.lock_mail(of_run);",
    replace: "select w.names into mail from baton.wait w where w.run_id = of_run;",
    ...caught(ofDatabase, "of two who decide at once one is accepted, and the other is told so"),
  },
  {
    name: "An answer wakes nobody",
    file: "sql/functions/answer_wait.sql",
    find: "request ->> 'name' = any (mail.names)",
    replace: "false",
    ...caught(races, ", then claim: the claim passes over the run, and the next one has it with its answer"),
  },
  {
    name: "A heartbeat wakes its run",
    file: "sql/functions/answer_wait.sql",
    find: "if request -> 'replaces' is distinct from 'true' and request",
    replace: "if request",
    ...caught(races, ": the sender waits for the round, and "),
  },
  {
    name: "A run that is over takes an answer",
    file: "sql/functions/refuse_answer.sql",
    find: "elsif exists (select from baton.ending e where e.run_id = id) then",
    replace: "elsif false then",
    ...caught(ofDatabase, "what is stored, asked anew, over or unknown takes no answer"),
  },
  {
    name: "An answer goes under any name",
    file: "sql/functions/check_answer.sql",
    find: "if not starts_with(request ->> 'name', (request ->> 'path') || '/~') or",
    replace: "if",
    ...caught(ofDatabase, "an answer of another shape is refused"),
  },
  {
    name: "A claim does not count the messages that it brings",
    file: "sql/functions/take_ready.sql",
    find: "if with_mail and ctids is not null then",
    replace: "if false then",
    ...caught("db/mail-bytes.test.ts", "counts the letters that it brings, and leaves the other runs to later ones"),
  },
  {
    name: "A round tells of all messages that are asked for",
    file: "sql/functions/gather_mail.sql",
    find: "when l.total > 4194304 and l.total > l.bytes",
    replace: "when false",
    ...caught("db/mail-bytes.test.ts", "a round brings of the letters that its runs ask for what an answer takes"),
  },
];
