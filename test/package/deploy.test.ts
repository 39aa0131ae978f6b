// The compose files of deploy/, without running them: scripts/test-containers.mjs does that.

import { readdirSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { parse, parseAllDocuments } from "yaml";
import { readCompose, type Service } from "../../scripts/containers/compose.mjs";
import { readConfig } from "../../src/process/config.js";
import { read, root } from "./built.js";

const variables = { PRIO_FOLDER: "/srv/prio" };
const compose = (name: string) => readCompose(`${root}/deploy/${name}`, variables);

describe.each(["operator.yaml", "pair.yaml", "broker.yaml", "aggregator.yaml"])("%s", (name) => {
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

describe("the aggregator", () => {
  const services = compose("aggregator.yaml") as { api: Service; worker: Service; postgres: Service };
  const { api, worker, postgres } = services;

  test("has all roles once, and no secret in its environment", () => {
    const roles = [api, worker].map(({ command }) => command?.[command.indexOf("--roles") + 1]);
    expect(roles).toEqual(["api", "driver,cleaner"]);
    for (const { environment } of [api, worker]) {
      const secret = Object.entries(environment).filter(([name]) => /KEY|PASSWORD|TOKEN|DATABASE|CONFIG/.test(name));
      expect(secret.map(([, value]) => value)).toEqual(["/run/secrets/settings", "/run/secrets/key"]);
    }
    expect(postgres.environment).toHaveProperty("POSTGRES_PASSWORD_FILE");
    expect(postgres.environment).not.toHaveProperty("POSTGRES_PASSWORD");
  });

  test("publishes its ports on this machine alone", () => {
    const project = parse(read("deploy/aggregator.yaml"), { merge: true }) as {
      services: Record<string, { ports?: string[] }>;
    };
    const ports = Object.values(project.services).flatMap(({ ports = [] }) => ports);
    expect(ports).toEqual(["127.0.0.1:8080:8080", "127.0.0.1:9464:9464"]);
  });

  test("the README says where its files go", () => {
    const readme = read("deploy/README.md");
    for (const { mounts } of Object.values(services)) {
      for (const { source, target } of mounts) {
        const name = source.slice("/srv/prio/".length);
        expect(readme).toMatch(new RegExp(`^\\| \`${name}/?\` \\| \`${target}\` \\|`, "m"));
      }
    }
  });

  interface Manifest {
    kind: string;
    metadata: { name: string };
    spec: { template?: { spec: Pod } };
  }
  interface Pod {
    automountServiceAccountToken: boolean;
    securityContext: Record<string, unknown>;
    containers: {
      image: string;
      args: string[];
      env: { name: string; value: string }[];
      securityContext: Record<string, unknown>;
      resources: { limits: { memory: string } };
      readinessProbe?: { httpGet: { path: string } };
      livenessProbe?: { httpGet: { path: string } };
    }[];
    volumes: { secret: { secretName: string; defaultMode: number } }[];
  }
  const names = readdirSync(`${root}/deploy/aggregator`).filter((name) => name.endsWith(".yaml"));
  const manifests = names.flatMap((name) =>
    parseAllDocuments(read(`deploy/aggregator/${name}`), { merge: true, version: "1.1" }).map(
      (one) => one.toJS() as Manifest,
    ),
  );
  const pods = manifests.flatMap(({ kind, spec, metadata }) =>
    spec?.template === undefined ? [] : [{ kind, name: metadata.name, pod: spec.template.spec }],
  );

  test.each(pods)("on Kubernetes, $name is no root, has no capability and a file system to read", ({ pod, kind }) => {
    expect(pod.automountServiceAccountToken).toBe(false);
    expect(pod.securityContext).toMatchObject({ runAsNonRoot: true, runAsUser: 1000, fsGroup: 1000 });
    const [container] = pod.containers;
    expect(container?.image).toBe("prio-aggregator");
    expect(container?.securityContext).toEqual({
      ...{ readOnlyRootFilesystem: true, allowPrivilegeEscalation: false },
      capabilities: { drop: ["ALL"] },
    });
    expect(container?.resources.limits.memory).toMatch(/^\d+[MG]i$/);
    expect(pod.volumes.map(({ secret }) => secret)).toMatchObject([
      { secretName: "prio-aggregator", defaultMode: 0o440 },
    ]);
    // Of the environment, files and addresses alone.
    for (const { value } of container?.env ?? []) expect(value).toMatch(/^(\/etc\/prio\/|0\.0\.0\.0:\d+$|true$)/);
    if (kind === "Deployment") {
      expect(container?.readinessProbe?.httpGet.path).toBe("/readyz");
      expect(container?.livenessProbe?.httpGet.path).toBe("/healthz");
    }
  });

  test("on Kubernetes, all roles are there, and kustomize knows every file", () => {
    const roles = pods.map(({ pod }) => pod.containers[0]?.args).filter((args) => args?.includes("--roles"));
    expect(roles.map((args) => args?.at(-1)).sort()).toEqual(["api", "driver,cleaner"]);
    const { resources } = parse(read("deploy/aggregator/kustomization.yaml")) as { resources: string[] };
    // The migration is a step of its own.
    expect([...resources, "kustomization.yaml", "migrate.yaml"].sort()).toEqual(names.sort());
    const readme = read("deploy/aggregator/README.md");
    expect(readme).toContain("kubectl create secret generic prio-aggregator --from-file=settings.json --from-file=key");
  });
});
