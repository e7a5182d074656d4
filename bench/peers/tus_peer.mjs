// @tus/server with its file store, which does not hash, and tus-js-client; and a
// plain PUT of the same file by the same program.

import { createReadStream, mkdirSync, statSync } from "node:fs";
import { createServer, request } from "node:http";
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
  tus({ url, path, token }) {
    const size = statSync(path).size;
    const begun = process.hrtime.bigint();
    return new Promise((done, fail) => {
      const upload = new tus.Upload(createReadStream(path), {
        endpoint: url,
        uploadSize: size,
        chunkSize: CHUNK,
        headers: token ? { Authorization: `Bearer ${token}` } : {},
        onError: fail,
        onSuccess: () => done({ seconds: seconds(begun) }),
      });
      upload.start();
    });
  },
  put({ url, path, token }) {
    const begun = process.hrtime.bigint();
    return new Promise((done, fail) => {
      const call = request(url, {
        method: "PUT",
        headers: { Authorization: `Bearer ${token}`, "Content-Length": statSync(path).size },
      }, (response) => {
        response.resume();
        response.on("end", () =>
          response.statusCode === 204
            ? done({ seconds: seconds(begun) })
            : fail(new Error(`answered ${response.statusCode}`)));
      });
      call.on("error", fail);
      createReadStream(path, { highWaterMark: 1024 * 1024 }).pipe(call);
    });
  },
  stop() {},
});
