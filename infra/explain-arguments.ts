/** What reading a command's arguments throws, with the command's usage behind it. */
export function explainArguments<Read>(usage: string, read: () => Read): Read {
  try {
    return read();
  } catch (error) {
    // Node's own message goes on with advice about positional arguments.
    throw new Error(`${(error as Error).message.split(/\.\s/)[0]?.replace(/\.$/, "")}. ${usage}`, { cause: error });
  }
}
