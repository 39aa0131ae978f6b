// What an operator should know about the way to a server.

/** On this machine, nobody else is on the way. */
const LOOPBACK = /^(?:localhost|.+\.localhost|127(?:\.\d+){3}|\[::1\])$/;

type Env = Readonly<Record<string, string | undefined>>;

/** A sentence for each thing to know about requests to an address. */
export function warningsOf(address: string, env: Env): string[] {
  const { protocol, host, hostname } = new URL(address);
  const warnings: string[] = [];
  if (protocol === "http:" && !LOOPBACK.test(hostname)) {
    warnings.push(`http://${host} is not encrypted: others on the way can read the objects, and hold them back`);
  }
  const names = [`${protocol.slice(0, -1)}_proxy`, "all_proxy"];
  const proxy = names.find((name) => env[name] || env[name.toUpperCase()]);
  if (proxy !== undefined && !env["NODE_USE_ENV_PROXY"] && !isExempt(env["no_proxy"] ?? env["NO_PROXY"], hostname)) {
    warnings.push(`${proxy} is set, and not used: Node 22.21 and later use it with NODE_USE_ENV_PROXY=1`);
  }
  return warnings;
}

/** Whether `no_proxy` names a host, or a domain that it belongs to. */
function isExempt(list: string | undefined, host: string): boolean {
  const names = (list ?? "").split(/[\s,]+/).filter((name) => name !== "");
  return names.some((name) => name === "*" || host === name || host.endsWith(`.${name.replace(/^\*?\./, "")}`));
}
