import { pollQueue } from "pgbaton/lambda";
import { workflows } from "../shared/workflows/index.ts";
import { redact } from "../shared/workflows/redact.ts";

export const handler = pollQueue({ workflows, redact });
