import type { Asked, Known } from "./recording.ts";

export const ROLE = "arn:aws:iam::123456789012:role/github-deploys-baton-Role-1AB2CD3EF4GH";

interface Answer {
  readonly status: number;
  readonly text: string;
}

/** Answers as AWS does what only the docs ask for; 404 for what the template does not make. */
export function answersWith(known: Known): (asked: Asked) => Answer {
  const stacks = answersOfCloudFormation();
  return ({ operation, input }) => {
    const name = String(input["name"]);
    const ofFunction = (answer: unknown) => (known.functions.includes(name) ? json(answer) : missing(`Function not found: ${name}`));
    switch (operation) {
      case "lambda:Invoke":
        return ofFunction({ worked: true });
      case "lambda:PutFunctionConcurrency":
        return ofFunction({ ReservedConcurrentExecutions: input["ReservedConcurrentExecutions"] });
      case "logs:FilterLogEvents":
        return known.logGroups.includes(String(input["logGroupName"]))
          ? json({ events: [EVENT] })
          : missing("The specified log group does not exist.");
      case "scheduler:ListSchedules":
        return json({ Schedules: known.scheduleGroups.includes(String(input["ScheduleGroup"])) ? SCHEDULES : [] });
      case "iam:CreatePolicy":
        return xml("CreatePolicy", `<Policy><Arn>arn:aws:iam::123456789012:policy/${String(input["PolicyName"])}</Arn></Policy>`);
      default:
        return stacks(operation, String(input["StackName"]));
    }
  };
}

/** A stack is there as soon as somebody has executed its change set. */
function answersOfCloudFormation(): (operation: string, name: string) => Answer {
  const made = new Set<string>();
  const stackOf = (name: string) => {
    const facts = `<StackName>${name}</StackName><CreationTime>2026-11-26T12:00:00Z</CreationTime><StackStatus>CREATE_COMPLETE</StackStatus>`;
    const outputs = `<Outputs><member><OutputKey>Role</OutputKey><OutputValue>${ROLE}</OutputValue></member></Outputs>`;
    return `<Stacks><member>${facts}${outputs}</member></Stacks>`;
  };
  return (operation, name) => {
    switch (operation) {
      case "cloudformation:DescribeStacks":
        return made.has(name) ? xml("DescribeStacks", stackOf(name)) : refused(`Stack with id ${name} does not exist`);
      case "cloudformation:CreateChangeSet":
        return xml("CreateChangeSet", `<Id>arn:aws:cloudformation:eu-central-1:123456789012:changeSet/1</Id><StackId>${name}</StackId>`);
      case "cloudformation:DescribeChangeSet":
        return xml("DescribeChangeSet", "<Status>CREATE_COMPLETE</Status><ExecutionStatus>AVAILABLE</ExecutionStatus>");
      case "cloudformation:ExecuteChangeSet":
        made.add(name);
        return xml("ExecuteChangeSet", "");
      default:
        return refused(`Nobody has said in answers.ts what ${operation} answers.`);
    }
  };
}

const EVENT = {
  logStreamName: "2026/11/26/[$LATEST]1",
  timestamp: 1795717621190,
  ingestionTime: 1795717621190,
  message: '{"level":"ERROR","message":"a request failed"}',
  eventId: "1",
};
const SCHEDULES = [
  {
    Name: "baton-prod-PollQueueSchedule-1AB2CD3EF4GH",
    State: "ENABLED",
    Target: { Arn: "arn:aws:lambda:eu-central-1:123456789012:function:x" },
  },
  { Name: "next-wake", State: "ENABLED", Target: { Arn: "arn:aws:lambda:eu-central-1:123456789012:function:x" } },
];

function json(answer: unknown): Answer {
  return { status: 200, text: JSON.stringify(answer) };
}

function missing(message: string): Answer {
  return { status: 404, text: JSON.stringify({ __type: "ResourceNotFoundException", Message: message, message }) };
}

function refused(message: string): Answer {
  const error = `<Error><Type>Sender</Type><Code>ValidationError</Code><Message>${message}</Message></Error>`;
  return { status: 400, text: `<ErrorResponse>${error}<RequestId>1</RequestId></ErrorResponse>` };
}

function xml(action: string, result: string): Answer {
  const metadata = "<ResponseMetadata><RequestId>1</RequestId></ResponseMetadata>";
  return { status: 200, text: `<${action}Response><${action}Result>${result}</${action}Result>${metadata}</${action}Response>` };
}
