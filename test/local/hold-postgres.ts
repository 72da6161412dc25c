import { startPostgres } from "../../infra/local/embedded-postgres.ts";

// Holds a server on the given data folder until it is killed itself.
const server = await startPostgres({ dataDir: process.argv[2] ?? "", fsync: false });
console.log(server.pid);
setInterval(() => undefined, 60_000);
