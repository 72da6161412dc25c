/** Dollars as people read them; what rounding leaves below zero is zero. */
export function dollars(amount: number): string {
  return (Math.abs(amount) < 0.005 ? 0 : amount).toLocaleString("en", { minimumFractionDigits: 2, maximumFractionDigits: 2 });
}

/** A number of up to three digits that count, or a whole one. */
export function figure(value: number): string {
  return value.toLocaleString("en", { maximumFractionDigits: value >= 100 ? 0 : value >= 10 ? 1 : value >= 0.1 ? 2 : 4 });
}

const isNumber = (cell: string) => /^[-\d.,]*$/.test(cell);

/**
 * Lines of columns; a column is set to the right when all that stands below its head is numbers.
 */
export function aligned(rows: readonly (readonly string[])[]): string {
  const columns = rows[0]!.map((_, n) => rows.map((row) => row[n]!));
  const widths = columns.map((cells) => Math.max(...cells.map((cell) => cell.length)));
  const right = columns.map((cells) => cells.slice(1).every(isNumber) && cells.slice(1).some((cell) => cell !== ""));
  const pad = (cell: string, n: number) => (right[n] ? cell.padStart(widths[n]!) : cell.padEnd(widths[n]!));
  return rows.map((row) => row.map(pad).join("  ").trimEnd()).join("\n");
}
