// Migrates with the SQL files of a given folder, says each statement, and kills itself right before
// or right after sending one. Arguments: url, sqlDir, and optionally the number of the statement,
// from 0, with "before" or "sent".
import pg from "pg";
import { migrate } from "../../infra/migrate.ts";

const [url = "", sqlDir = "", number = "-1", when = "before"] = process.argv.slice(2);
type Query = (this: unknown, text: string, values?: unknown[]) => Promise<unknown>;
const { query: send } = pg.Client.prototype as unknown as { query: Query };
let sent = 0;

const query: Query = function (text, values) {
  const isTheOne = sent++ === Number(number);
  if (isTheOne && when === "before") process.kill(process.pid, "SIGKILL");
  const answer = send.call(this, text, values);
  if (isTheOne) process.kill(process.pid, "SIGKILL");
  process.stdout.write(`${JSON.stringify(text)}\n`);
  return answer;
};
Object.assign(pg.Client.prototype, { query });
await migrate({ url, sqlDir, roles: true });
