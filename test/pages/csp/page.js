// The page of csp.test.ts: it runs a collection with the shipped package, then reports what happened for the test to
// read. It runs as a page's module and again as a worker's.

/** @type {string[]} */
const violations = [];
addEventListener("securitypolicyviolation", (event) => {
  violations.push(`${event.effectiveDirective} ${event.blockedURI}`);
});

const library = new URL("/dist/index.js", location.href).href;
/** @type {typeof import("../../../src/index.js")} */
const prio = await import(library);

function collect() {
  const [keysA, keysB] = [prio.generateKeyPair(), prio.generateKeyPair()];
  const config = new prio.Config({
    fields: 3,
    batchId: "under a policy",
    serverA: keysA.publicKey,
    serverB: keysB.publicKey,
  });
  const secret = prio.ServerSecret.generate();
  const common = /** @type {const} */ ({ secret, queryPoints: "report" });
  const serverA = new prio.Server(config, { id: "A", privateKey: keysA.privateKey, ...common });
  const serverB = new prio.Server(config, { id: "B", privateKey: keysB.privateKey, ...common });
  const client = new prio.Client(config);
  for (const [id, values] of Object.entries({ one: [1, 0, 1], two: [true, false, false], three: [0, 0, 1] })) {
    const packets = client.encode(values);
    const [a, b] = [serverA.open(packets.a, id), serverB.open(packets.b, id)];
    const [verify1A, verify1B] = [a.verify1(), b.verify1()];
    const [verify2A, verify2B] = [a.verify2(verify1A, verify1B), b.verify2(verify1A, verify1B)];
    const [reportA, reportB] = [a.check(verify2A, verify2B), b.check(verify2A, verify2B)];
    if (reportA === null || reportB === null) throw new Error("an honest report was refused");
    serverA.aggregate(reportA);
    serverB.aggregate(reportB);
  }
  return prio.publish(config, serverA.totalShare(), serverB.totalShare()).map(Number);
}

/** Whether the policy forbids what it should: without this, a page served without it would pass as well. */
function evalIsForbidden() {
  try {
    // biome-ignore lint/security/noGlobalEval: it is the point.
    return globalThis.eval("1") !== 1;
  } catch (error) {
    return error instanceof EvalError;
  }
}

const totals = collect();
// A violation's event comes in a task of its own.
await new Promise((resolve) => setTimeout(resolve, 50));
const result = { totals, violations: [...violations], evalIsForbidden: evalIsForbidden() };

if (typeof document === "undefined") {
  postMessage(result);
} else {
  document.body.dataset["page"] = JSON.stringify(result);
  const worker = new Worker(import.meta.url, { type: "module" });
  worker.addEventListener("message", ({ data }) => {
    document.body.dataset["worker"] = JSON.stringify(data);
  });
}
