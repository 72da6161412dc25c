import { parameterArn } from "./arns.ts";
import { AwsRefusal, invalid } from "./aws-refusal.ts";
import type { AwsCall } from "./aws-api.ts";
import type { Input } from "./operations.ts";

/** Answers what is asked of SSM, from a map of parameters: Get-, Put- and DeleteParameter. */
export function ssmApi(parameters: Map<string, string>): (call: AwsCall) => unknown {
  return ({ operation, input }) => {
    const name = String(input["Name"]);
    checkName(name);
    switch (operation) {
      case "ssm:GetParameter": {
        const value = parameters.get(name);
        if (value === undefined) throw new AwsRefusal("ParameterNotFound");
        return { Parameter: { Name: name, Type: "String", Value: value, Version: 1, ARN: parameterArn(name), DataType: "text" } };
      }
      case "ssm:PutParameter":
        checkPut(name, input, parameters.has(name));
        parameters.set(name, String(input["Value"]));
        return { Version: 1, Tier: "Standard" };
      case "ssm:DeleteParameter":
        if (!parameters.delete(name)) throw new AwsRefusal("ParameterNotFound");
        return {};
      default:
        throw new AwsRefusal("UnknownOperationException");
    }
  };
}

const SYNTAX =
  'Parameter name: can\'t be prefixed with "ssm" (case-insensitive). If formed as a path, it can consist of sub-paths divided by slash symbol; each sub-path can be formed as a mix of letters, numbers and the following 3 symbols .-_';
const MOST_LEVELS = 15;
/** Characters of the whole ARN; the model's 2,048 are for AWS's own use. */
const LONGEST_ARN = 1011;

function checkName(name: string): void {
  if (!/^(\/[\w.-]+)+$|^[\w.-]+$/.test(name) || /^\/?ssm/i.test(name)) throw invalid(SYNTAX);
  if (parameterArn(name).length > LONGEST_ARN) throw invalid(`Parameter name: its ARN can have at most ${LONGEST_ARN} characters.`);
}

/** The bytes that a value may have, by tier. */
const LIMITS = {
  Standard: [
    4096,
    "Standard tier parameters support a maximum parameter value of 4096 characters. To create a larger parameter value, upgrade the parameter to use the advanced-parameter tier.",
  ],
  Advanced: [8192, "Advanced tier parameters support a maximum parameter value of 8192 characters."],
} as const;

function checkPut(name: string, input: Input, exists: boolean): void {
  if (/^\/?aws/i.test(name)) throw new AwsRefusal("AccessDeniedException", { message: `No access to reserved parameter name: ${name}.` });
  if (name.split("/").length - 1 > MOST_LEVELS) {
    const message = `A hierarchy can have a maximum of ${MOST_LEVELS} levels.`;
    throw new AwsRefusal("HierarchyLevelLimitExceededException", { message });
  }
  checkValue(String(input["Value"]), input);
  if (!exists && input["Type"] === undefined) throw invalid("A parameter type is required when you create a parameter.");
  if (exists && input["Overwrite"] !== true) {
    const message = "The parameter already exists. To overwrite this value, set the overwrite option in the request to true.";
    throw new AwsRefusal("ParameterAlreadyExists", { message });
  }
}

function checkValue(value: string, { AllowedPattern, Tier }: Input): void {
  if (value === "") {
    throw invalid(
      "1 validation error detected: Value at 'value' failed to satisfy constraint: Member must have length greater than or equal to 1",
    );
  }
  const [limit, message] = LIMITS[Tier === "Advanced" || Tier === "Intelligent-Tiering" ? "Advanced" : "Standard"];
  if (Buffer.byteLength(value) > limit) throw invalid(message);
  if (/\{\{.*\}\}/s.test(value)) throw invalid('Parameter value: it cannot nest another parameter. Do not use "{{}}" in the value.');
  if (typeof AllowedPattern !== "string" || new RegExp(`^(?:${AllowedPattern})$`).test(value)) return;
  throw new AwsRefusal("ParameterPatternMismatchException", { message: "The value does not match the allowed pattern." });
}
