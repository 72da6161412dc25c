// Ticks until the one lease of a database was extended three times, or is gone; says which.
import { connect } from "../../shared/db/connect.ts";
import { runRepository } from "../../shared/db/run-repository.ts";

const [owner, poller] = process.argv.slice(2) as [string, string];
const database = connect({ url: owner, driver: "pg" });
const other = connect({ url: poller, driver: "pg" });
const expiries = new Set<string>();
while (expiries.size < 4) {
  await runRepository(other).tick();
  const [lease] = await database.query<{ expires: string }>("select expires_at::text as expires from baton.lease");
  if (lease === undefined) break;
  expiries.add(lease.expires);
  await new Promise((resolve) => setTimeout(resolve, 100));
}
console.log(expiries.size < 4 ? "gone" : "kept");
await Promise.all([database[Symbol.asyncDispose](), other[Symbol.asyncDispose]()]);
