// PouchDB replicating to express-pouchdb, both in memory: only bytes are counted.

import { mkdirSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import express from "express";
import expressPouchdb from "express-pouchdb";
import PouchDB from "pouchdb";
import { answer, listen } from "./lines.mjs";

await answer({
  async serve() {
    mkdirSync("server", { recursive: true });
    const Here = PouchDB.defaults({ prefix: "server/" });
    const app = express();
    app.use("/", expressPouchdb(Here, { mode: "minimumForPouchDB", inMemoryConfig: true }));
    return { port: await listen(createServer(app)) };
  },
  async push({ file, port }) {
    const local = new PouchDB("client");
    const lines = readFileSync(file, "utf8").split("\n");
    const docs = lines.map((line, n) => ({ _id: String(n).padStart(8, "0"), ...JSON.parse(line) }));
    await local.bulkDocs(docs);
    const remote = new PouchDB(`http://127.0.0.1:${port}/findings`);
    const result = await local.replicate.to(remote, { batch_size: 1000 });
    return { written: result.docs_written };
  },
  stop() {},
});
