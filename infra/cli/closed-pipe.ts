import { EXIT } from "./exit-codes.ts";

/**
 * Ends the command as a signal would end another tool, once nobody reads what it prints, as behind
 * `| head -1`: without it Node writes a stack. What it tells people may be lost.
 */
export function endWithReader(): void {
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
    process.exit(EXIT.brokenPipe);
  });
  process.stderr.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
  });
}
