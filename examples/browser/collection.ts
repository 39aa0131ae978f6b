// A collection with one protocol: its two servers, what they counted, and the parts of the page that show it. The page
// has one with each protocol, and shows the one that the visitor chose.

import type { ServerId } from "prio";
import { Column, SplitView } from "./columns.js";
import { copyOf, find } from "./dom.js";
import type { Keys, Report, Sight } from "./messages.js";
import type { GlassClient, Protocol, SplitReport } from "./protocol.js";
import { FIELDS } from "./questions.js";
import { type Counts, crowdText, MIN_BATCH, waitingText } from "./sentences.js";
import { Totals } from "./totals.js";
import { ServerWorker } from "./workers.js";

/** What one report cost: bytes to each server, and what the two said to each other. */
export interface Cost {
  readonly a: number;
  readonly b: number;
  readonly messages: number;
  readonly between: number;
}

export class Collection {
  readonly protocol: Protocol;
  readonly keys: Keys;
  readonly client: GlassClient;
  readonly #servers: Readonly<Record<ServerId, ServerWorker>>;
  readonly #split: SplitView;
  readonly #columns: Readonly<Record<ServerId, Column>>;
  readonly #part = copyOf("#totals-template");
  readonly #totals = new Totals(this.#part);
  /** What honest visitors answered, added up in the open, to compare. */
  readonly #truth = new Array<number>(FIELDS).fill(0);
  #counts: Counts = { counted: 0, refused: 0 };
  #published = 0;
  #sights: Sight[] = [];

  /** Starts two servers, which get to know each other. */
  static async start(protocol: Protocol): Promise<Collection> {
    const servers = { A: new ServerWorker(protocol.startServer()), B: new ServerWorker(protocol.startServer()) };
    const link = new MessageChannel();
    const [keyA, keyB] = await Promise.all([servers.A.start("A", link.port1), servers.B.start("B", link.port2)]);
    const keys = { A: keyA, B: keyB };
    await Promise.all([servers.A.configure(keys), servers.B.configure(keys)]);
    return new Collection(protocol, servers, keys);
  }

  private constructor(protocol: Protocol, servers: Record<ServerId, ServerWorker>, keys: Keys) {
    this.protocol = protocol;
    this.keys = keys;
    this.client = protocol.client(keys);
    this.#servers = servers;
    this.#split = new SplitView(protocol);
    this.#columns = { A: new Column("A", protocol), B: new Column("B", protocol) };
    for (const id of ["A", "B"] as const) {
      servers[id].onSight = (sight) => {
        this.#sights.push(sight);
        this.#columns[id].show(sight);
      };
    }
  }

  /** Puts its parts into the page, in place of another collection's. */
  show(): void {
    find("#split-part").replaceChildren(this.#split.element);
    find("#check-why").textContent = this.protocol.check;
    find("#servers").replaceChildren(this.#columns.A.element, this.#columns.B.element);
    find("#totals-part").replaceChildren(this.#part);
  }

  /** Sends the visitor's own report, and shows everything of it. Says whether both servers counted it. */
  async submitOwn(
    values: readonly number[],
    report: SplitReport,
    uploads: Report,
    honest: readonly number[] | null,
  ): Promise<{ counted: boolean; cost: Cost }> {
    this.#split.show(values, report);
    this.#sights = [];
    const counted = await this.submit(uploads, honest, true);
    await this.bringUpToDate();
    const sent = this.#sights.map((sight) => sight.sent);
    return {
      counted,
      cost: {
        a: report.a.share.length + report.a.common.length,
        b: report.b.share.length + report.b.common.length,
        messages: sent.reduce((sum, { messages }) => sum + messages, 0),
        between: sent.reduce((sum, { bytes }) => sum + bytes, 0),
      },
    };
  }

  /** Sends one report to both servers; counts it in the open when they count it. */
  async submit(report: Report, fields: readonly number[] | null, watched: boolean): Promise<boolean> {
    const { A, B } = this.#servers;
    const verdicts = await Promise.all([
      A.report(report.id, report.a, watched),
      B.report(report.id, report.b, watched),
    ]);
    const both = verdicts.every((verdict) => verdict);
    const { counted, refused } = this.#counts;
    this.#counts = both ? { counted: counted + 1, refused } : { counted, refused: refused + 1 };
    if (both) for (const [i, x] of (fields ?? []).entries()) this.#truth[i] = (this.#truth[i] as number) + x;
    return both;
  }

  /** Shows where the servers are, and publishes when enough reports have come in since the last time. */
  async bringUpToDate(): Promise<void> {
    const [totalA, totalB] = await Promise.all([this.#servers.A.total(), this.#servers.B.total()]);
    if (totalA.reports !== totalB.reports) throw new Error("the servers counted different reports");
    const { counted, refused } = this.#counts;
    for (const [column, { shown }] of [
      [this.#columns.A, totalA],
      [this.#columns.B, totalB],
    ] as const) {
      column.count(counted, refused);
      column.showTotal(shown);
    }
    if (counted - this.#published >= MIN_BATCH) {
      this.#published = counted;
      const totals = this.protocol.publish(this.keys, totalA.share, totalB.share, counted);
      this.#totals.publish(counted, totals, this.#truth);
    }
    find("#waiting", this.#part).textContent = waitingText(counted, this.#published);
  }

  get counts(): Counts {
    return this.#counts;
  }

  /** Says what came, or is to come, of simulated visitors. */
  tellOfCrowd(text: string): void {
    find("#crowd-status", this.#part).textContent = text;
  }

  /** What came of simulated visitors since `before`. */
  crowdText(before: Counts): string {
    return crowdText(before, this.#counts, this.#published);
  }
}
