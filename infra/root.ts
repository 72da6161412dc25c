import { fileURLToPath } from "node:url";

/** The folder of this project, or of the package, in which `sql/` lies. */
export const ROOT = fileURLToPath(new URL("..", import.meta.url));
