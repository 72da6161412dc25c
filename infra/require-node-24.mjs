// Loaded before every script of this project, in plain JavaScript: an older Node cannot even read the rest.
const [major] = process.versions.node.split(".");
if (Number(major) < 24) {
  console.error(
    `Baton's scripts need Node 24 and found ${process.version}. Run "npm ci" (it brings Node 24) and start them through npm, such as "npm start".`,
  );
  process.exit(1);
}
