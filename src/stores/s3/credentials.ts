// Keys for S3, from where AWS's own programs look for them too: the settings, the environment, a web identity,
// the files of profiles, the container, the machine. Keys that end are read again before they do.

import { systemCode, systemReason } from "../../files/failure.js";
import { readSmallFile } from "../../files/small-file.js";
import type { S3Credentials, StoreSettings } from "../settings.js";
import { StoreError } from "../store.js";
import { BrokenConnection, type HttpRequest, send } from "./http.js";
import { readProfile, regionOf } from "./profile.js";
import { parseXml, textIn } from "./xml.js";

/** Keys, and when they end, in milliseconds since 1970. */
interface Keys extends S3Credentials {
  readonly expires?: number;
}

type Env = Readonly<Record<string, string | undefined>>;

/** Keys are read again this many milliseconds before they end. */
const MARGIN = 5 * 60_000;
const MAX_ANSWER = 2 ** 16;
/** Milliseconds that a service on the same machine may take. */
const LOCAL_TIMEOUT = 2000;
const METADATA = "http://169.254.169.254";
const CONTAINER = "http://169.254.170.2";
/** Where the container's token may be sent without encryption: to this machine, and to AWS's services on it. */
const CONTAINER_HOSTS = /^(?:localhost|127(?:\.\d+){3}|\[::1\]|169\.254\.170\.(?:2|23)|\[fd00:ec2::23\])$/;
const PRINTABLE = /^[\x21-\x7e]+$/;

/** Gives the keys, and reads them again when that is needed. */
export class CredentialSource {
  readonly #store: string;
  readonly #settings: StoreSettings;
  #keys: Keys | undefined;
  /** All requests wait for the same reading. */
  #reading: Promise<Keys> | undefined;

  constructor(store: string, settings: StoreSettings) {
    this.#store = store;
    this.#settings = settings;
  }

  /** Throws `forbidden` when there are none. */
  async get(): Promise<S3Credentials> {
    const keys = this.#keys;
    if (keys !== undefined && (keys.expires ?? Number.POSITIVE_INFINITY) - MARGIN > Date.now()) return keys;
    this.#reading ??= this.#read().finally(() => {
      this.#reading = undefined;
    });
    this.#keys = await this.#reading;
    return this.#keys;
  }

  /** Forgets `keys`, which the server does not take any more. Returns whether there may be others now. */
  renew(keys: S3Credentials): boolean {
    if (this.#settings.credentials !== undefined) return false;
    if (this.#keys === keys) this.#keys = undefined;
    return true;
  }

  async #read(): Promise<Keys> {
    try {
      return checked(await this.#find());
    } catch (error) {
      if (error instanceof BrokenConnection) throw this.#error(error.message, true);
      if (error instanceof NoKeys) throw this.#error(error.message);
      const code = systemCode(error);
      if (code === undefined) throw error;
      throw this.#error(systemReason(code));
    }
  }

  async #find(): Promise<Keys> {
    const { credentials, profile } = this.#settings;
    if (credentials !== undefined) return credentials;
    const env = this.#settings.env ?? process.env;
    const found =
      (profile === undefined ? (fromEnvironment(env) ?? (await this.#fromWebIdentity(env))) : undefined) ??
      this.#fromProfile() ??
      (await this.#fromContainer(env)) ??
      (await this.#fromMachine(env));
    if (found === undefined) throw new NoKeys("there are none");
    return found;
  }

  #fromProfile(): Keys | undefined {
    const { name, values } = readProfile(this.#settings);
    const keys = fromNames(values.get("aws_access_key_id"), values.get("aws_secret_access_key"), `profile ${name}`);
    if (keys !== undefined) return withToken(keys, values.get("aws_session_token"));
    for (const way of ["role_arn", "credential_process", "sso_session", "sso_start_url"]) {
      if (values.has(way)) throw new NoKeys(`profile ${name} has ${way} in place of keys, which is not supported`);
    }
    if (this.#settings.profile !== undefined) throw new NoKeys(`there are none in the profile ${name}`);
    return undefined;
  }

  /** The token of a Kubernetes service account, and the like, exchanged for keys. */
  async #fromWebIdentity(env: Env): Promise<Keys | undefined> {
    const [path, role] = [env["AWS_WEB_IDENTITY_TOKEN_FILE"], env["AWS_ROLE_ARN"]];
    if (path === undefined || role === undefined) return undefined;
    const token = readSmallFile(path, MAX_ANSWER)?.toString().trim() ?? "";
    const region = regionOf(this.#settings, readProfile(this.#settings));
    const form = new URLSearchParams({
      Action: "AssumeRoleWithWebIdentity",
      Version: "2011-06-15",
      RoleArn: role,
      RoleSessionName: env["AWS_ROLE_SESSION_NAME"] ?? "prio",
      WebIdentityToken: token,
    });
    const text = await this.#ask("the token service", {
      method: "POST",
      url: new URL(env["AWS_ENDPOINT_URL_STS"] ?? `https://sts.${region}.amazonaws.com/`),
      headers: { "content-type": "application/x-www-form-urlencoded" },
      body: Buffer.from(form.toString()),
    });
    const result = parseXml(text)?.children.find(({ name }) => name === "AssumeRoleWithWebIdentityResult");
    const element = result?.children.find(({ name }) => name === "Credentials");
    const value = (name: string): string | undefined => element && textIn(element, name);
    const [id, secret] = [value("AccessKeyId"), value("SecretAccessKey")];
    return fromAnswer("the token service", id, secret, value("SessionToken"), value("Expiration"));
  }

  /** The container service of AWS, or Kubernetes there. */
  async #fromContainer(env: Env): Promise<Keys | undefined> {
    const relative = env["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"];
    const full = relative === undefined ? env["AWS_CONTAINER_CREDENTIALS_FULL_URI"] : `${CONTAINER}${relative}`;
    if (full === undefined) return undefined;
    const url = URL.canParse(full) ? new URL(full) : null;
    if (url === null || (url.protocol !== "https:" && !CONTAINER_HOSTS.test(url.hostname))) {
      throw new NoKeys("the address of the container service is neither https nor on this machine");
    }
    const file = env["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"];
    const token =
      file === undefined ? env["AWS_CONTAINER_AUTHORIZATION_TOKEN"] : readSmallFile(file, MAX_ANSWER)?.toString();
    const headers = token === undefined ? {} : { authorization: token.trim() };
    return fromJson("the container service", await this.#ask("the container service", { method: "GET", url, headers }));
  }

  /** The metadata service of a machine of AWS. Elsewhere nobody answers. */
  async #fromMachine(env: Env): Promise<Keys | undefined> {
    if (env["AWS_EC2_METADATA_DISABLED"]?.toLowerCase() === "true") return undefined;
    const at = (path: string): URL => new URL(path, env["AWS_EC2_METADATA_SERVICE_ENDPOINT"] ?? METADATA);
    const folder = "/latest/meta-data/iam/security-credentials/";
    try {
      const lifetime = { "x-aws-ec2-metadata-token-ttl-seconds": "300" };
      const token = await this.#ask("the machine", { method: "PUT", url: at("/latest/api/token"), headers: lifetime });
      const headers = { "x-aws-ec2-metadata-token": token };
      const role = (await this.#ask("the machine", { method: "GET", url: at(folder), headers })).trim();
      const url = at(folder + encodeURIComponent(role));
      return fromJson("the machine", await this.#ask("the machine", { method: "GET", url, headers }));
    } catch (error) {
      if (error instanceof BrokenConnection || error instanceof NoKeys) return undefined;
      throw error;
    }
  }

  async #ask(subject: string, request: Omit<HttpRequest, "idleTimeout">): Promise<string> {
    const response = await send({ ...request, idleTimeout: LOCAL_TIMEOUT, signal: this.#settings.signal });
    const bytes = await response.bytes(MAX_ANSWER);
    if (response.status !== 200 || bytes === null)
      throw new NoKeys(`${subject} answers with status ${response.status}`);
    return bytes.toString();
  }

  #error(reason: string, isTransient = false): StoreError {
    const hint = "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_SHARED_CREDENTIALS_FILE and AWS_PROFILE";
    return new StoreError("forbidden", "cannot get keys for", reason, { store: this.#store, hint, isTransient });
  }
}

/** Why a place has no keys. */
class NoKeys extends Error {}

function fromEnvironment(env: Env): Keys | undefined {
  const keys = fromNames(env["AWS_ACCESS_KEY_ID"], env["AWS_SECRET_ACCESS_KEY"], "the environment");
  return keys && withToken(keys, env["AWS_SESSION_TOKEN"]);
}

function fromNames(id: string | undefined, secret: string | undefined, where: string): Keys | undefined {
  if (!id && !secret) return undefined;
  if (!id || !secret) throw new NoKeys(`${where} has the ${id ? "access key id" : "secret key"} only`);
  return { accessKeyId: id, secretAccessKey: secret };
}

function withToken(keys: Keys, sessionToken: string | undefined): Keys {
  return sessionToken ? { ...keys, sessionToken } : keys;
}

function fromJson(subject: string, text: string): Keys {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new NoKeys(`${subject} gives no JSON`);
  }
  const answer = typeof value === "object" && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
  const member = (name: string): string | undefined => {
    const text = answer[name];
    return typeof text === "string" ? text : undefined;
  };
  const [id, secret] = [member("AccessKeyId"), member("SecretAccessKey")];
  return fromAnswer(subject, id, secret, member("Token"), member("Expiration"));
}

function fromAnswer(
  subject: string,
  id: string | undefined,
  secret: string | undefined,
  token: string | undefined,
  expiration: string | undefined,
): Keys {
  const keys = fromNames(id, secret, subject);
  if (keys === undefined) throw new NoKeys(`${subject} gives none`);
  const expires = Date.parse(expiration ?? "");
  return { ...withToken(keys, token), ...(Number.isNaN(expires) ? {} : { expires }) };
}

/** A key with other characters would not fit into a header, and an error about it would show it. */
function checked(keys: Keys): Keys {
  for (const part of [keys.accessKeyId, keys.secretAccessKey, keys.sessionToken ?? "x"]) {
    if (!PRINTABLE.test(part))
      throw new NoKeys("a key is empty, or has white space or other characters that no key has");
  }
  return keys;
}
