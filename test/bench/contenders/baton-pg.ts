import { baton } from "../baton.ts";

export default baton({ name: "Baton", driver: "pg" });
