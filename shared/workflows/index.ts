import { fulfilOrder } from "./fulfil-order.ts";
import { transcodeVideo } from "./transcode-video.ts";

/**
 * The workflows that this service runs. A workflow is one file in this folder and one line in this
 * list.
 */
export const workflows = [fulfilOrder, transcodeVideo];
