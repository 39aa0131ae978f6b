// The operator of a server closes the batch. Its server tells the other one.
//
//   node examples/broker/close.mjs FOLDER

import { Broker } from "./broker.mjs";
import { openFolder } from "./collection.mjs";

const [folder] = process.argv.slice(2);
if (folder === undefined) throw new Error("close: expected a folder");

const { batchId, url, server } = openFolder(folder);
const broker = await Broker.open(url, batchId);
await broker.send([{ type: "close", to: server().id, id: "", body: new Uint8Array() }]);
await broker.close();
