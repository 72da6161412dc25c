export * from "../domain/database-errors.ts";
