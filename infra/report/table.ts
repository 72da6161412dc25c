type Cell = string | number | null;

/** Rows as a table of text: a column as wide as it needs, numbers to the right. */
export function tableOf(rows: readonly Readonly<Record<string, Cell>>[]): string {
  if (rows.length === 0) return "No rows.";
  const columns = Object.keys(rows[0]!).map((name) => columnOf(name, rows));
  const lines = [columns.map(({ head }) => head), ...rows.map((_, row) => columns.map(({ cells }) => cells[row]!))];
  return lines.map((line) => line.join("  ").trimEnd()).join("\n");
}

function columnOf(name: string, rows: readonly Readonly<Record<string, Cell>>[]): { head: string; cells: string[] } {
  const values = rows.map((row) => row[name] ?? null);
  const texts = values.map((value) => (value === null ? "–" : String(value).replaceAll(/\s+/g, " ")));
  const width = Math.max(name.length, ...texts.map((text) => text.length));
  const isNumber = values.every((value) => typeof value !== "string");
  const pad = (text: string) => (isNumber ? text.padStart(width) : text.padEnd(width));
  return { head: pad(name), cells: texts.map(pad) };
}
