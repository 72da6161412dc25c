// The retention of a maintenance as a process of its own, which kills itself right before or right
// after it sends a statement. Arguments, as one JSON text: MaintenanceProcessOptions
import pg from "pg";
import { connect } from "../../../shared/db/connect.ts";
import type { ServiceRetention } from "../../../shared/domain/retention.ts";
import { archiveToFolder } from "../../../shared/index.ts";
import { choresOn } from "../../../shared/lambda/chores.ts";

export interface MaintenanceProcessOptions {
  readonly url: string;
  readonly kept: ServiceRetention;
  /** Where runs are archived first; absent: nowhere. */
  readonly folder?: string;
  /** The number of the statement to die at, from 0. */
  readonly at: number;
  readonly when: "before" | "sent";
}

const options = JSON.parse(process.argv[2]!) as MaintenanceProcessOptions;
type Query = (this: unknown, ...values: unknown[]) => Promise<unknown>;
const { query: send } = pg.Client.prototype as unknown as { query: Query };
let sent = 0;

const query: Query = function (...values) {
  const isTheOne = sent++ === options.at;
  if (isTheOne && options.when === "before") process.kill(process.pid, "SIGKILL");
  const answer = send.apply(this, values);
  if (isTheOne) process.kill(process.pid, "SIGKILL");
  return answer;
};
Object.assign(pg.Client.prototype, { query });
await using database = connect({ url: options.url, driver: "pg" });
const archive = options.folder === undefined ? undefined : archiveToFolder(options.folder);
const retention = choresOn(database, { retention: options.kept, archive }).find(({ name }) => name === "retention");
const facts = await retention!.run({ remainingMs: () => 600_000 });
process.stdout.write(JSON.stringify({ ...facts, sent }));
