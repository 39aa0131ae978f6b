// workerd, the runtime of Cloudflare's Workers: a Worker that works in its handler, and one that reads its private key
// while its module loads, each without and with Node's modules.

import { beside, within } from "./processes.mjs";

/** @import { Kind, Row } from "./table.mjs" */

/** The last date on which a Worker has no nodejs_compat unless it asks for it. */
const OLD = "2026-08-03";

/** This machine, as in the names of workerd's packages. */
const platform = `${process.platform === "win32" ? "windows" : process.platform}-${process.arch.replace("x64", "64")}`;

/** @type {(entry: string, flags: string[], name: string, how: string) => Row} */
const worker = (entry, flags, name, how) => ({
  name,
  how,
  outcome: flags.length > 0 ? "native and noble" : "noble and noble",
  async run(project) {
    project.write(
      "worker.capnp",
      `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [(name = "main", worker = (
    modules = [(name = "main", esModule = embed "${entry}.js")],
    compatibilityDate = "${OLD}",
    compatibilityFlags = ${JSON.stringify(flags)},
  ))],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")],
);
`,
    );
    const command = project.find(`@cloudflare/workerd-${platform}/bin/workerd`);
    const args = ["serve", "worker.capnp", "--control-fd=1"];
    return await beside({ command, args, cwd: project.folder }, async (printed) => {
      const [, port] = await printed(/"event":"listen".*"port":(\d+)/);
      const url = `http://127.0.0.1:${port}/`;
      return await (await within(fetch(url), "answer from workerd")).text();
    });
  },
});

const handler = "a module, used in the handler";
const load = "a module that reads its private key while it loads";
const without = `compatibility date ${OLD}`;
const compatible = "`nodejs_compat`, the default from the next day on";

/** @type {Kind} */
export const workerd = {
  name: "workerd",
  packages: ["workerd"],
  build(project) {
    for (const entry of ["handler", "key-at-load"]) {
      project.bundle(`${entry}.mjs`, `${entry}.js`, { format: "esm" });
    }
  },
  rows: [
    worker("handler", [], "workerd", `${handler}; ${without}`),
    worker("handler", ["nodejs_compat"], "workerd, nodejs_compat", `${handler}; ${compatible}`),
    worker("key-at-load", [], "workerd, key at load", `${load}; ${without}`),
    worker("key-at-load", ["nodejs_compat"], "workerd, key at load, nodejs_compat", `${load}; ${compatible}`),
  ],
};
