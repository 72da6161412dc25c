import { quoted } from "./goals.ts";
import { median } from "./measurements/statistics.ts";
import type { MeasuredValues, Results } from "./suite.ts";

/** A number as people read it. */
export function shown(value: number): string {
  const digits = value >= 100 ? 0 : value >= 10 ? 1 : 2;
  return value.toLocaleString("en", { maximumFractionDigits: digits });
}

/** Prints the median of every figure, with all raw values behind it. */
export function printResults({ machine, server, measurements }: Results): void {
  console.log(`\n${machine["cpu"]}, ${machine["cores"]} cores, Node ${machine["node"]}, PostgreSQL ${String(server["postgres"])}`);
  for (const [id, measured] of Object.entries(measurements)) {
    console.log(`\n${id}  ${describe(measured)}`);
    for (const [figure, values] of Object.entries(measured.values)) {
      console.log(`  ${figure.padEnd(26)} ${shown(median(values)).padStart(12)}   (${values.map(shown).join(", ")})`);
    }
  }
  if (Object.keys(measurements).some((id) => id.startsWith("W8/")))
    console.log(`\nBeside W8, quoted and not measured: ${quoted.stepsPerSecond} steps/s of ${quoted.what}`);
  console.log();
}

function describe({ title, about, load }: MeasuredValues): string {
  const settings = Object.entries((about?.["settings"] ?? {}) as Record<string, unknown>).map(([key, value]) => `${key} ${String(value)}`);
  return `${title}; load ${load.map((one) => one.toFixed(1)).join(", ")}${settings.length > 0 ? `; ${settings.join(", ")}` : ""}`;
}
