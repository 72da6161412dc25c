/** A route of an HTTP API. */
export interface Route {
  /** Such as `POST /runs/{id}/cancel`. */
  readonly key: string;
}

/** The route of a request, and the values of its path parameters. */
export interface RouteMatch<Found extends Route = Route> {
  readonly route: Found;
  readonly parameters: Readonly<Record<string, string>>;
}

/** Finds the route of a request as an HTTP API does: a literal segment wins over a parameter. */
export function routeTable<Found extends Route>(routes: readonly Found[]): (method: string, path: string) => RouteMatch<Found> | undefined {
  const known = routes.map((route) => {
    const [method = "", path = ""] = route.key.split(" ");
    return { route, method, segments: path.split("/") };
  });
  known.sort((a, b) => parameterCount(a.segments) - parameterCount(b.segments));
  return (method, path) => {
    const segments = path.split("/").map(decoded);
    for (const candidate of known) {
      const parameters = candidate.method === method ? parametersOf(candidate.segments, segments) : undefined;
      if (parameters !== undefined) return { route: candidate.route, parameters };
    }
    return undefined;
  };
}

function parametersOf(pattern: readonly string[], segments: readonly string[]): Record<string, string> | undefined {
  if (pattern.length !== segments.length) return undefined;
  const parameters: [string, string][] = [];
  for (const [index, part] of pattern.entries()) {
    const segment = segments[index]!;
    if (!isParameter(part)) {
      if (part !== segment) return undefined;
    } else if (segment === "") return undefined;
    else parameters.push([part.slice(1, -1), segment]);
  }
  return Object.fromEntries(parameters);
}

function parameterCount(segments: readonly string[]): number {
  return segments.filter(isParameter).length;
}

function isParameter(segment: string): boolean {
  return segment.startsWith("{") && segment.endsWith("}");
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}
