import { decide, type Request } from "./simulate.ts";

/** A request, and what has to come of it. */
export interface Case {
  /** Whose right it is: a function, the schedule, the deployer. */
  readonly who: string;
  readonly expected: "allowed" | "refused";
  readonly request: Request;
  /** Why it is asked, where the request alone does not say it. */
  readonly why?: string;
}

export interface Counts {
  readonly allowed: number;
  readonly refused: number;
  readonly failures: readonly string[];
}

/** Simulates all of them; a request that AWS does not know is a failure too. */
export async function judge(cases: readonly Case[]): Promise<Counts> {
  let [allowed, refused] = [0, 0];
  const failures: string[] = [];
  for (const each of cases) {
    const answer = await answerTo(each.request);
    if (answer !== each.expected) failures.push(`${textOf(each)}: ${answer}`);
    else if (answer === "allowed") allowed += 1;
    else refused += 1;
  }
  return { allowed, refused, failures };
}

async function answerTo(request: Request): Promise<string> {
  try {
    return (await decide(request)) === "Allowed" ? "allowed" : "refused";
  } catch (error) {
    return (error as Error).message;
  }
}

function textOf({ who, expected, request, why }: Case): string {
  const { action, resource, context = {} } = request;
  const conditions = Object.entries(context).map(([key, value]) => ` with ${key} ${value}`);
  return `${who}, ${action} on ${resource}${conditions.join("")}${why === undefined ? "" : `, ${why}`}, should be ${expected}`;
}
