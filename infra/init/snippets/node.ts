export const NODE = `import { runPoller } from "pgbaton/node";
import { workflows } from "./baton/indexIMPORTED";

// Runs until SIGTERM: then it takes no new work, stores what is done, and gives the rest back.
await runPoller({ workflows, url: process.env.DATABASE_URL }).closed;
`;
