// @tus/server with its file store, which does not hash; and tus-js-client, which
// hands a file in to it or to us.

import { createReadStream, mkdirSync, statSync } from "node:fs";
import { createServer } from "node:http";
import { FileStore } from "@tus/file-store";
import { Server } from "@tus/server";
import * as tus from "tus-js-client";
import { answer, listen, seconds } from "./lines.mjs";

const CHUNK = 8 * 1024 * 1024;

await answer({
  async serve({ folder }) {
    mkdirSync(folder, { recursive: true });
    const server = new Server({ path: "/files", datastore: new FileStore({ directory: folder }) });
    return { port: await listen(createServer(server.handle.bind(server))) };
  },
  tus({ url, path, token, sha256, whole }) {
    const size = statSync(path).size;
    const begun = process.hrtime.bigint();
    return new Promise((done, fail) => {
      const upload = new tus.Upload(createReadStream(path), {
        endpoint: url,
        uploadSize: size,
        chunkSize: whole ? Number.POSITIVE_INFINITY : CHUNK,
        metadata: sha256 ? { sha256 } : {},
        headers: token ? { Authorization: `Bearer ${token}` } : {},
        onError: fail,
        onSuccess: () => done({ seconds: seconds(begun) }),
      });
      upload.start();
    });
  },
  stop() {},
});
