// Lets the lease of a database nearly run out three times, ticks each time, and says whether it was
// extended before each of them; until it is, the database's clock stands still.
import { connect } from "../../shared/db/connect.ts";
import { runRepository } from "../../shared/db/run-repository.ts";
import { until } from "./until.ts";

const [owner, poller, ttlMs] = process.argv.slice(2) as [string, string, string];
const database = connect({ url: owner, driver: "pg" });
const other = connect({ url: poller, driver: "pg" });
const leaseIsFresh = `select expires_at >= baton.now() + $1 * interval '1 millisecond' as fresh from baton.lease`;

/** Undefined: the lease is gone. */
async function isFresh(): Promise<boolean | undefined> {
  const [lease] = await database.query<{ fresh: boolean }>(leaseIsFresh, [ttlMs]);
  return lease?.fresh;
}

async function isExtended(): Promise<boolean> {
  await database.query("update test.clock set ahead = ahead + $1 * interval '0.9 milliseconds'", [ttlMs]);
  await runRepository(other).tick();
  await until("the lease is extended or gone", async () => (await isFresh()) !== false, 100);
  return (await isFresh()) === true;
}

let extended = 0;
while (extended < 3 && (await isExtended())) extended++;
console.log(extended < 3 ? "gone" : "kept");
await Promise.all([database[Symbol.asyncDispose](), other[Symbol.asyncDispose]()]);
