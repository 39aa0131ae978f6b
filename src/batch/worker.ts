// A worker thread of the command: sits at a desk and answers what the main thread asks.

import { parentPort, workerData } from "node:worker_threads";
import type { Assignment } from "./assignment.js";
import { Desk, type Request } from "./worker-pool.js";

const desk = new Desk(workerData as Assignment);
parentPort?.on("message", (request: Request) => parentPort?.postMessage(desk.answer(request)));
