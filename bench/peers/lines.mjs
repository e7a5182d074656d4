// One JSON command per line in, one JSON answer per line out.

import { createInterface } from "node:readline";

export async function answer(acts) {
  const say = (value) => process.stdout.write(JSON.stringify(value) + "\n");
  for await (const line of createInterface({ input: process.stdin })) {
    const { do: act, ...given } = JSON.parse(line);
    try {
      say((await acts[act](given)) ?? {});
    } catch (problem) {
      say({ error: String(problem?.stack ?? problem) });
    }
    if (act === "stop") process.exit(0);
  }
}

export const seconds = (begun) => Number(process.hrtime.bigint() - begun) / 1e9;

export function listen(server) {
  return new Promise((done) => server.listen(0, "127.0.0.1", () => done(server.address().port)));
}
