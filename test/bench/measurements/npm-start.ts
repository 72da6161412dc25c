import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { copyProject, freePort, removeProject, RunningService } from "../../journeys/service-copy.ts";

/** Measures a service that `npm start` serves; a file below `test/` has its workflows. */
export async function withNpmStart<Figures>(workflows: string, measure: (service: RunningService) => Promise<Figures>): Promise<Figures> {
  const folder = copyProject();
  writeFileSync(join(folder, "shared/workflows/index.ts"), `export { workflows } from "../../test/${workflows}";\n`);
  const service = await RunningService.start(folder, await freePort());
  try {
    return await measure(service);
  } finally {
    await service.interrupt();
    removeProject(folder);
  }
}
