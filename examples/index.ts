import { fulfilOrder } from "./fulfil-order.ts";
import { transcodeVideo } from "./transcode-video.ts";

/** Both workflows of this folder, as `shared/workflows/index.ts` lists them. */
export const examples = [fulfilOrder, transcodeVideo];
