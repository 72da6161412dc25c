import { fileURLToPath } from "node:url";
import { CloudFormationClient, DescribeStacksCommand, type Stack } from "@aws-sdk/client-cloudformation";
import type { Driver } from "../../shared/db/connect.ts";
import { runServerless } from "../deploy/serverless.ts";
import { deploy } from "../deploy.ts";

/** Where a stage stands. */
export interface Cloud {
  /** Whether something of this name is there already. */
  exists(): Promise<boolean>;
  /** Migrates the database of this URL and deploys; resolves with the API's address. */
  deploy(ownerUrl: string): Promise<string>;
  remove(): Promise<void>;
}

export interface CloudOptions {
  readonly service: string;
  readonly stage: string;
  readonly region: string;
  readonly driver: Driver;
  readonly log: (line: string) => void;
}

/** A stage in an AWS account, with the workflows of the acceptance in its functions. */
export function awsCloud({ service, stage, region, driver, log }: CloudOptions): Cloud {
  const client = new CloudFormationClient({ region });
  const describe = () => findStack(client, `${service}-${stage}`);
  const workflows = fileURLToPath(new URL("./workflows.ts", import.meta.url));
  return {
    exists: async () => (await describe()) !== undefined,
    async deploy(url) {
      await deploy({ stage, region, url, driver, workflows, log, roles: true, migrates: true, force: true, dryRun: false });
      return addressIn(await describe());
    },
    remove: () => runServerless("remove", { stage, region }),
  };
}

/** Undefined where there is no stack of this name. Throws what AWS refuses. */
async function findStack(client: CloudFormationClient, name: string): Promise<Stack | undefined> {
  try {
    const { Stacks = [] } = await client.send(new DescribeStacksCommand({ StackName: name }));
    return Stacks[0];
  } catch (thrown) {
    if ((thrown as Error).name === "ValidationError" && /does not exist/.test((thrown as Error).message)) return undefined;
    throw thrown;
  }
}

export function addressIn(stack: Pick<Stack, "Outputs"> | undefined): string {
  const address = stack?.Outputs?.find(({ OutputKey }) => OutputKey === "HttpApiUrl")?.OutputValue;
  if (address === undefined) throw new Error("The stack has no output HttpApiUrl: look at it in the console of CloudFormation.");
  return address.replace(/\/$/, "");
}
