// The survey of `prio-aggregator dev`: serves the page of examples/web-survey, whose answers go, as shares, straight to
// the aggregators, and which shows the totals. This server sees no answer.

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import fastify from "fastify";
import type { DapTask } from "prio/dap";
import { OperatorError } from "../tasks/operator-error.js";
import { ANSWERS, QUESTION, type Totals } from "./dev-collector.js";

export interface Survey {
  readonly url: string;
  show(totals: Totals): void;
  close(): Promise<void>;
}

/** A port that people find again. */
const USUAL_PORT = 8080;

/** How many others answer at the press of a button: enough for a batch. */
const CROWD = 20;

const FILES: Readonly<Record<string, string>> = {
  "index.html": "text/html; charset=utf-8",
  "survey.js": "text/javascript; charset=utf-8",
  "survey.css": "text/css; charset=utf-8",
};

/** `port` null: the usual one, or another if it is taken. `folder` has the page's files. */
export async function openSurvey(task: DapTask, port: number | null, folder?: string): Promise<Survey> {
  const files = folder ?? fileURLToPath(new URL("./page/survey/", import.meta.url));
  const origins = [task.leader, task.helper].map((url) => new URL(url).origin).join(" ");
  const connect = `connect-src 'self' ${origins}`;
  const policy = `default-src 'self'; img-src data:; ${connect}; base-uri 'none'; form-action 'none'`;
  let totals: Totals = { batches: 0, reports: 0, totals: ANSWERS.map(() => 0) };
  const build = () => {
    const server = fastify({ forceCloseConnections: true });
    server.addHook("onSend", (_request, reply, _payload, done) => {
      void reply.headers({ "content-security-policy": policy, "cache-control": "no-store" });
      done();
    });
    for (const [name, type] of Object.entries(FILES)) {
      server.get(name === "index.html" ? "/" : `/${name}`, (_request, reply) => {
        void reply.type(type).send(readFileSync(`${files}/${name}`));
      });
    }
    const crowd = Math.max(CROWD, task.minBatchSize);
    server.get("/survey.json", () => ({ question: QUESTION, answers: ANSWERS, task: task.toJSON(), crowd }));
    server.get("/results.json", () => totals);
    return server;
  };
  let server = build();
  let url: string;
  try {
    url = await server.listen({ host: "127.0.0.1", port: port ?? USUAL_PORT });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EADDRINUSE") throw error;
    if (port !== null) throw new OperatorError(`port ${port} is in use`);
    server = build();
    url = await server.listen({ host: "127.0.0.1", port: 0 });
  }
  return {
    url: `${url}/`,
    show(next) {
      totals = next;
    },
    close: () => server.close(),
  };
}
