import { maintain } from "pgbaton/lambda";
import { redact } from "../shared/workflows/redact.ts";
import { archive, retention } from "../shared/workflows/retention.ts";

export const handler = maintain({ retention, archive, redact });
