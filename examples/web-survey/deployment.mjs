// Everything that two operators and a collector do before the first report, in one folder for each: with the commands
// that they would type.

import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { aggregator, prio, serve } from "./commands.mjs";

/**
 * Makes a task for two aggregators, which it starts: a histogram with a bucket for each of `answers`. `minBatchSize` is
 * how many people's answers are published together.
 *
 * @param {string} folder @param {{ answers: number, minBatchSize: number }} options
 */
export async function deploy(folder, { answers, minBatchSize }) {
  const at = (/** @type {string[]} */ ...names) => join(folder, ...names);
  const [leaderHome, helperHome, collectorHome] = [at("leader"), at("helper"), at("collector")];
  for (const home of [leaderHome, helperHome, collectorHome]) await mkdir(home, { recursive: true });

  // Each operator: a key for the secrets in its store, and a server. In production, each is on a machine of its own,
  // with a certificate.
  const operator = async (/** @type {string} */ home) => {
    const key = join(home, "secret.key");
    await aggregator(["keys", "new-secret", "--output", key], {});
    const env = { PRIO_AGGREGATOR_KEY_FILE: key, PRIO_AGGREGATOR_DATABASE: `sqlite:${join(home, "store.sqlite")}` };
    return { env, server: await serve(env, "127.0.0.1:0") };
  };
  const [leader, helper] = [await operator(leaderHome), await operator(helperHome)];

  // The collector's key pair. The operators get its public half.
  const collectorKey = join(collectorHome, "key.json");
  await prio(["keygen", "--collector", "--output", collectorKey]);

  // The leader's operator makes the task. The helper's operator takes part when both read the same hash.
  const words = [
    `task create --role leader --url ${leader.server.url} --peer ${helper.server.url} --allow-http`,
    `--vdaf histogram:${answers} --time-precision 1m --batch-mode leader-selected --max-job-delay 1s`,
    `--min-batch-size ${minBatchSize} --allow-small --json`,
  ];
  const create = [...words.join(" ").split(" "), "--collector-hpke", collectorKey];
  const made = await aggregator(create, leader.env);
  const { id, hash } = JSON.parse(made);
  await aggregator(["task", "export", id, "--for", "peer", "--output", at("peer.json")], leader.env);
  await aggregator(["task", "import", at("peer.json"), "--expect-hash", hash, "--yes"], helper.env);

  // The collector gets the task's document and a token, and the clients the document.
  const [task, token] = [join(collectorHome, "task.json"), join(collectorHome, "token")];
  const output = ["--output", task, "--token-output", token];
  await aggregator(["task", "export", id, "--for", "collector", ...output], leader.env);
  const document = await aggregator(["task", "export", id, "--for", "clients"], leader.env);
  await writeFile(at("task.json"), document);

  return {
    task: JSON.parse(document),
    collector: {
      folder: collectorHome,
      args: ["--task", task, "--private-key-file", collectorKey, "--token-file", token],
    },
    /** The leader's operator puts a result that the collector gives back on the operator's page. */
    putResult: (/** @type {string} */ file) => aggregator(["result", "put", id, file], leader.env),
    leader: leader.server,
    helper: helper.server,
  };
}
