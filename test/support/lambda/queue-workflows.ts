// Workflows with a node on another queue, whose steps say which function calls them.
import * as z from "zod";
import { defineWorkflow } from "../../../shared/index.ts";

const here = () => process.env["AWS_LAMBDA_FUNCTION_NAME"] ?? "nowhere";
const input = z.strictObject({ n: z.int() });

const film = defineWorkflow({ name: "film", version: 1, input })
  .step("probe", here)
  .step("render", { on: "heavy", timeout: "14 minutes" }, here)
  .step("publish", here);

const renders = defineWorkflow({ name: "renders", version: 1, input, on: "heavy" })
  .step("render", here)
  .sleep("cool-off", "30 minutes")
  .step("tell", { on: "default" }, here);

export const workflows = [film, renders];
