import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { type Package, synthesise } from "../../infra/local/start/synthesise.ts";
import { madeOnce } from "./project-folder.ts";

export interface Resource {
  readonly Type: string;
  readonly Condition?: string;
  readonly Properties: Readonly<Record<string, unknown>>;
}

/** A synthesised CloudFormation template of one stage, as a test looks at it. */
export interface TestTemplate extends Package {
  /** All of it, as JSON says it. */
  readonly document: { readonly Resources: Readonly<Record<string, Resource>> };
  readonly resources: Readonly<Record<string, Resource>>;
  readonly conditions: Readonly<Record<string, unknown>>;
  /** The resources of a type, with their logical ids. */
  all(type: string): [string, Resource][];
  /** The one resource of a type. */
  single(type: string): Resource;
}

/** What an alarm watches. */
export interface Watched {
  readonly alarm: string;
  readonly namespace: string;
  readonly metric: string;
  readonly dimensions: Readonly<Record<string, unknown>>;
}

/**
 * The service as it is synthesised for a stage, under another name if there is one, with other
 * workflows if there is a file of them, with changes of serverless.yml; made once for all test
 * files of a run, which only read it.
 */
export async function templateOf(
  stage: string,
  service?: string,
  workflows?: string,
  edit?: (text: string) => string,
): Promise<TestTemplate> {
  const others = { ...(service !== undefined && { service }), ...(workflows !== undefined && { workflows }), ...(edit && { edit }) };
  const file = workflows === undefined ? "" : basename(workflows, ".ts");
  const made = await madeOnce(`template-${stage}-${service ?? ""}-${file}-${edit?.name ?? ""}`, (folder) =>
    synthesise(folder, { driver: "neon", stage, ...others }),
  );
  const document = JSON.parse(readFileSync(made.templateFile, "utf8")) as {
    Resources: Record<string, Resource>;
    Conditions: Record<string, unknown>;
  };
  const { Resources: resources, Conditions: conditions } = document;
  const all = (type: string) => Object.entries(resources).filter(([, { Type }]) => Type === type);
  const single = (type: string) => {
    const [found, ...others] = all(type);
    if (found === undefined || others.length > 0) throw new Error(`the template has not exactly one ${type}`);
    return found[1];
  };
  return { ...made, document, resources, conditions, all, single };
}

export function watchedBy(template: TestTemplate): Watched[] {
  return template.all("AWS::CloudWatch::Alarm").map(([, { Properties }]) => {
    const dimensions = Properties["Dimensions"] as { Name: string; Value: unknown }[];
    return {
      alarm: Properties["AlarmName"] as string,
      namespace: Properties["Namespace"] as string,
      metric: Properties["MetricName"] as string,
      dimensions: Object.fromEntries(dimensions.map(({ Name, Value }) => [Name, Value])),
    };
  });
}
