// The compose files of deploy/, without running them: scripts/test-containers.mjs does that.

import { describe, expect, test } from "vitest";
import { readCompose, type Service } from "../../scripts/containers/compose.mjs";
import { readConfig } from "../../src/process/config.js";
import { read, root } from "./built.js";

const variables = { PRIO_FOLDER: "/srv/prio" };
const compose = (name: string) => readCompose(`${root}/deploy/${name}`, variables);

describe.each(["operator.yaml", "pair.yaml", "broker.yaml"])("%s", (name) => {
  const own = Object.entries(compose(name)).filter(([, { target }]) => target !== "");

  test.each(own)("%s is no user 0, has no capability, and a file system that it cannot write to", (_name, service) => {
    expect(service).toMatchObject({ readOnly: true, withoutCapabilities: true, withoutNewPrivileges: true });
    expect(service.user).toEqual([1000, 1000]);
  });

  test("stands in the README", () => {
    expect(own.length).toBeGreaterThan(0);
    expect(read("deploy/README.md")).toContain(`[${name}](${name})`);
  });
});

test("a setting that the test of containers does not try is refused", () => {
  const file = `${root}/deploy/operator.yaml`;
  expect(() => readCompose(file, {})).toThrow("PRIO_FOLDER is the folder with process.json");
  expect(() => readCompose(`${root}/test/package/faulty-compose.yaml`, {})).toThrow("privileged is a setting that");
});

test("the README says where the files of an operator go", () => {
  const { prio } = compose("operator.yaml") as { prio: Service };
  const readme = read("deploy/README.md");
  for (const { source, target } of prio.mounts) {
    const name = source.slice("/srv/prio/".length);
    expect(readme).toMatch(new RegExp(`^\\| \`${name}/?\` \\| \`${target}\` \\|`, "m"));
  }
});

test("the configuration beside it is one, and has the paths of the container", () => {
  const config = readConfig(`${root}/deploy/operator/process.json`, {
    PUBLIC_KEY_HEX_INTERNAL: "1".repeat(64),
    PUBLIC_KEY_HEX_EXTERNAL: "2".repeat(64),
  });
  const { prio } = compose("operator.yaml") as { prio: Service };
  const targets = prio.mounts.map(({ target }) => target);
  const paths = [config.work, config.replays, config.sharedSecretFile, ...(config.privateKeyFiles ?? [])];
  expect(paths.filter((path) => path === undefined || !targets.includes(path))).toEqual([]);
});
