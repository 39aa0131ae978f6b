// A worker thread: runs one session and answers what the main thread asks of it.

import { parentPort, workerData } from "node:worker_threads";
import { createSession, type Request } from "./session.js";
import type { Task } from "./thread-messages.js";

const session = createSession(workerData as Task);
parentPort?.on("message", (request: Request) => parentPort?.postMessage(session(request)));
