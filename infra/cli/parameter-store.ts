import { GetParameterCommand, PutParameterCommand, SSMClient } from "@aws-sdk/client-ssm";

/** Secrets in SSM, in one region. */
export class ParameterStore {
  readonly client: SSMClient;

  constructor(region: string) {
    this.client = new SSMClient({ region });
  }

  async has(name: string): Promise<boolean> {
    try {
      await this.client.send(new GetParameterCommand({ Name: name }));
      return true;
    } catch (thrown) {
      if ((thrown as Error).name === "ParameterNotFound") return false;
      throw thrown;
    }
  }

  /** Its value, decrypted. Throws what the SDK throws. */
  async read(name: string): Promise<string> {
    const command = new GetParameterCommand({ Name: name, WithDecryption: true });
    const { Parameter } = await this.client.send(command, { abortSignal: AbortSignal.timeout(5_000) });
    return Parameter?.Value ?? "";
  }

  async put(name: string, value: string): Promise<void> {
    await this.client.send(new PutParameterCommand({ Name: name, Value: value, Type: "SecureString", Overwrite: true }));
  }
}
