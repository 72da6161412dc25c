/**
 * The value of an SSM parameter, decrypted, through the AWS SDK that the runtime on Lambda has; ""
 * where it has none.
 *
 * @throws what the SDK throws: by its name ParameterNotFound, AccessDeniedException, or that SSM is
 * away.
 */
export async function readParameter(name: string, limits: { readonly maxAttempts: number; readonly timeoutMs: number }): Promise<string> {
  const { GetParameterCommand, SSMClient } = await import("@aws-sdk/client-ssm");
  const client = new SSMClient({ maxAttempts: limits.maxAttempts });
  try {
    const command = new GetParameterCommand({ Name: name, WithDecryption: true });
    const { Parameter } = await client.send(command, { abortSignal: AbortSignal.timeout(limits.timeoutMs) });
    return Parameter?.Value ?? "";
  } finally {
    client.destroy();
  }
}
