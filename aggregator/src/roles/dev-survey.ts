// The survey of `prio-aggregator dev`: a page whose answers go, as shares, straight to the aggregators, and which shows
// the totals. This server sees no answer.

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

/** What the page is told. */
export interface SurveyState {
  readonly task: ReturnType<DapTask["toJSON"]>;
  readonly question: string;
  readonly answers: readonly string[];
  readonly totals: Totals;
}

/** A port that people find again. */
const USUAL_PORT = 8080;

const FILES: Readonly<Record<string, string>> = {
  "survey.html": "text/html; charset=utf-8",
  "survey.js": "text/javascript; charset=utf-8",
  "survey.css": "text/css; charset=utf-8",
  "icon.svg": "image/svg+xml",
};

/** `port` null: the usual one, or another if it is taken. `folder` has the page's files. */
export async function openSurvey(task: DapTask, port: number | null, folder?: string): Promise<Survey> {
  const files = folder ?? fileURLToPath(new URL("./page/", import.meta.url));
  const origins = [task.leader, task.helper].map((url) => new URL(url).origin).join(" ");
  const policy = `default-src 'self'; connect-src 'self' ${origins}; base-uri 'none'; form-action 'none'`;
  let totals: Totals = { batches: 0, reports: 0, totals: ANSWERS.map(() => 0) };
  const build = () => {
    const server = fastify({ forceCloseConnections: true });
    server.addHook("onSend", (_request, reply, _payload, done) => {
      void reply.headers({ "content-security-policy": policy, "cache-control": "no-store" });
      done();
    });
    for (const [name, type] of Object.entries(FILES)) {
      server.get(name === "survey.html" ? "/" : `/${name}`, (_request, reply) => {
        void reply.type(type).send(readFileSync(`${files}/${name}`));
      });
    }
    server.get(
      "/survey.json",
      (): SurveyState => ({ task: task.toJSON(), question: QUESTION, answers: ANSWERS, totals }),
    );
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
