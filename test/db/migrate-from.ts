import { migrate } from "../../infra/migrate.ts";

// Migrates a database with the SQL files of a given folder, so that a test can kill it meanwhile.
const [url = "", sqlDir = ""] = process.argv.slice(2);
await migrate({ url, sqlDir, roles: true });
