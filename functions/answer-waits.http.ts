import { answerWaits } from "pgbaton/lambda";
import { workflows } from "../shared/workflows/index.ts";
import { redact } from "../shared/workflows/redact.ts";

export const handler = answerWaits({ workflows, redact });
