// The page's side of the workers: each a class whose methods are promises of the worker's answers.

import type { ServerId } from "prio";
import type { FromServer, Keys, Sight, ToCrowd, ToServer, Upload, Visitor } from "./messages.js";

type Answer<Kind extends FromServer["kind"]> = Extract<FromServer, { kind: Kind }>;

/** One server. Its answers to `start`, `configure` and `total` come one at a time, verdicts in any order. */
export class ServerWorker {
  readonly #worker: Worker;
  readonly #verdicts = new Map<string, (counted: boolean) => void>();
  readonly #answers = new Map<FromServer["kind"], (answer: FromServer) => void>();
  /** Called with what the server sees of a watched report. */
  onSight: (sight: Sight) => void = () => undefined;

  constructor(worker: Worker) {
    this.#worker = worker;
    worker.addEventListener("message", ({ data }: MessageEvent<FromServer>) => {
      if (data.kind === "show") {
        this.onSight(data);
      } else if (data.kind === "decided") {
        this.#verdicts.get(data.reportId)?.(data.counted);
        this.#verdicts.delete(data.reportId);
      } else {
        this.#answers.get(data.kind)?.(data);
      }
    });
  }

  /** Starts it with its end of the channel to the other; gives its public key. */
  async start(id: ServerId, link: MessagePort): Promise<string> {
    const key = this.#next("key");
    this.#send({ kind: "start", id, link }, [link]);
    return (await key).publicKey;
  }

  async configure(keys: Keys): Promise<void> {
    const ready = this.#next("ready");
    this.#send({ kind: "configure", keys });
    await ready;
  }

  /** Whether the server counted the report. */
  report(reportId: string, upload: Upload, watched: boolean): Promise<boolean> {
    const verdict = new Promise<boolean>((resolve) => this.#verdicts.set(reportId, resolve));
    this.#send({ kind: "report", reportId, upload, watched });
    return verdict;
  }

  total(): Promise<Answer<"total">> {
    const total = this.#next("total");
    this.#send({ kind: "total" });
    return total;
  }

  #send(message: ToServer, transfer: Transferable[] = []): void {
    this.#worker.postMessage(message, transfer);
  }

  #next<Kind extends FromServer["kind"]>(kind: Kind): Promise<Answer<Kind>> {
    return new Promise((resolve) => this.#answers.set(kind, (answer) => resolve(answer as Answer<Kind>)));
  }
}

/** The crowd. One question at a time. */
export class CrowdWorker {
  readonly #worker = new Worker(new URL("./crowd.worker.ts", import.meta.url), { type: "module" });

  visitors(request: ToCrowd): Promise<Visitor[]> {
    return new Promise((resolve) => {
      this.#worker.addEventListener("message", ({ data }: MessageEvent<Visitor[]>) => resolve(data), { once: true });
      this.#worker.postMessage(request);
    });
  }
}
