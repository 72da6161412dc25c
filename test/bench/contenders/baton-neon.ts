import { baton } from "../baton.ts";

export default baton({ name: "Baton (Neon driver)", driver: "neon" });
