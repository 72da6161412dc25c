import { GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";

/**
 * The account of this machine's credentials; undefined where there are none, or STS does not take
 * them.
 */
export async function accountIn(region: string): Promise<string | undefined> {
  const client = new STSClient({ region, maxAttempts: 2 });
  try {
    const { Account } = await client.send(new GetCallerIdentityCommand(), { abortSignal: AbortSignal.timeout(10_000) });
    return Account;
  } catch {
    return undefined;
  } finally {
    client.destroy();
  }
}
