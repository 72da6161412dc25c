export { type Clock, createClock } from "../../infra/testing/clock.ts";
