import { spawn } from "node:child_process";
import { watchdog } from "../../infra/local/postgres/lifeline.ts";

// Holds a long process, watched, until it is killed itself.
const sleeper = spawn("sleep", ["600"], { stdio: "ignore" });
watchdog(sleeper.pid ?? 0);
console.log(sleeper.pid);
setInterval(() => undefined, 60_000);
