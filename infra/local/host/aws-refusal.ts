/** A call that the service refuses, by the name that the SDK throws. */
export class AwsRefusal extends Error {
  override readonly name = "AwsRefusal";
  readonly type: string;
  readonly status: number;

  constructor(type: string, { status = 400, message = "" }: { readonly status?: number; readonly message?: string } = {}) {
    super(message);
    this.type = type;
    this.status = status;
  }
}

/** What every service answers to input that it does not take. */
export function invalid(message: string): AwsRefusal {
  return new AwsRefusal("ValidationException", { message });
}
