/** The names of metrics in the text of `shared/lambda/metrics.ts`, by service. */
export function metricNames(source: string): Record<string, readonly string[]> {
  const [, ...parts] = source.split(/metricsOf\(service, /);
  const named = parts.map((part) => {
    const names = [...part.matchAll(/addMetric\("(\w+)"/g)].map(([, name = ""]) => name);
    return [`baton-${/^"(\w+)"/.exec(part)?.[1]}`, names.toSorted()] as const;
  });
  return Object.fromEntries(named.filter(([, names]) => names.length > 0));
}
