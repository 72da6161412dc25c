// A setup file: functions that a test imports run the tests' own workflows.
import { vi } from "vitest";

vi.mock("../../shared/workflows/index.ts", () => import("./workflows.ts"));
