import { batonThrough } from "./baton.ts";

export default batonThrough("neon");
