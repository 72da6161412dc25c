import { AwsRefusal, type AwsCall } from "./aws-api.ts";

/** Answers what functions ask of SSM, from a map of parameters: GetParameter and PutParameter. */
export function ssmApi(parameters: Map<string, string>): (call: AwsCall) => unknown {
  return ({ target, body }) => {
    const name = String(body["Name"]);
    switch (target) {
      case "AmazonSSM.GetParameter": {
        const value = parameters.get(name);
        if (value === undefined) throw new AwsRefusal("ParameterNotFound");
        return { Parameter: { Name: name, Type: "String", Value: value, Version: 1 } };
      }
      case "AmazonSSM.PutParameter":
        if (parameters.has(name) && body["Overwrite"] !== true) throw new AwsRefusal("ParameterAlreadyExists");
        parameters.set(name, String(body["Value"]));
        return { Version: 1, Tier: "Standard" };
      default:
        throw new AwsRefusal("UnknownOperationException");
    }
  };
}
