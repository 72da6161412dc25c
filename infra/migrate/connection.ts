import pg from "pg";

/** Runs `work` on one connection of its own over TCP, whatever driver the application uses. */
export async function withClient<Result>(url: string, work: (client: pg.Client) => Promise<Result>): Promise<Result> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 15_000, application_name: "baton-migrate" });
  // A connection that breaks between two statements is reported by the next one.
  client.on("error", () => undefined);
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}
