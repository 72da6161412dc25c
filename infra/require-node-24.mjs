// Loaded before every script of this project, in plain JavaScript: an older Node cannot even read the rest.
const [major] = process.versions.node.split(".");
if (Number(major) < 24) {
  console.error(
    `Baton's scripts need Node 24 and found ${process.version}. Run "npm ci", which brings Node 24 ("npm rebuild node" after an install without scripts), and start them through npm.`,
  );
  process.exit(1);
}

// Who reads may stop, as "| head -1" does, or close the terminal: the script goes on to its end.
for (const stream of [process.stdout, process.stderr]) {
  stream.on("error", (error) => {
    if (error.code !== "EPIPE" && error.code !== "EIO") throw error;
  });
}
