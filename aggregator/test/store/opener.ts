// A process that opens a store and makes one task: argv has the store's URL and the task's name.

import { openStore } from "../../src/store/open.js";

const [url = "", name = ""] = process.argv.slice(2);
const store = await openStore(url);
await store.run("insert", (tx) =>
  tx.insertTask({
    id: new Uint8Array(32).fill(Number(name)),
    role: "leader",
    document: "{}",
    settings: "{}",
    secrets: new Uint8Array(0),
    state: "active",
    createdAt: 0,
  }),
);
await store.close();
