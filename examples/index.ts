import { documentPipeline } from "./document-pipeline.ts";
import { fulfilOrder } from "./fulfil-order.ts";
import { transcodeVideo } from "./transcode-video.ts";

/** The workflows of this folder, as `shared/workflows/index.ts` lists them. */
export const examples = [fulfilOrder, transcodeVideo, documentPipeline];
