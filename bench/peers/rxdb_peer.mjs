// RxDB pulling documents over its HTTP replication protocol into its memory
// storage: the fastest it has, and not durable.

import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { createRxDatabase } from "rxdb";
import { replicateRxCollection } from "rxdb/plugins/replication";
import { getRxStorageMemory } from "rxdb/plugins/storage-memory";
import { answer, listen, seconds } from "./lines.mjs";

const BATCH = 1000;
const text = { type: "string" };
const schema = {
  version: 0,
  primaryKey: "id",
  type: "object",
  properties: {
    id: { type: "string", maxLength: 40 },
    department: text, level: text, fact: text, location: text, requirement: text,
  },
};

let docs = [];
let port = 0;
let runs = 0;

const server = createServer((request, response) => {
  const after = Number(new URL(request.url, "http://x").searchParams.get("after"));
  const some = docs.slice(after, after + BATCH);
  response.setHeader("Content-Type", "application/json");
  response.end(JSON.stringify({ documents: some, checkpoint: { after: after + some.length } }));
});

await answer({
  async load({ file }) {
    const lines = readFileSync(file, "utf8").split("\n");
    docs = lines.map((line, n) => ({
      id: String(n).padStart(8, "0"), ...JSON.parse(line), _deleted: false,
    }));
    port = await listen(server);
  },
  async pull() {
    const database = await createRxDatabase({
      name: `run${++runs}`, storage: getRxStorageMemory(), multiInstance: false,
    });
    const { finding } = await database.addCollections({ finding: { schema } });
    const begun = process.hrtime.bigint();
    const replication = replicateRxCollection({
      collection: finding,
      replicationIdentifier: `run${runs}`,
      live: false,
      pull: {
        batchSize: BATCH,
        handler: async (checkpoint) => {
          const url = `http://127.0.0.1:${port}/?after=${checkpoint?.after ?? 0}`;
          return (await fetch(url)).json();
        },
      },
    });
    await replication.awaitInitialReplication();
    const took = seconds(begun);
    const count = await finding.count().exec();
    await database.remove();
    return { seconds: took, count };
  },
  stop() {},
});
