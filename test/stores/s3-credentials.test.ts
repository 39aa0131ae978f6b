// Where keys come from, and when they are read again.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { parseIni } from "../../src/stores/s3/ini.js";
import type { StoreSettings } from "../../src/stores/settings.js";
import { fail } from "./fake-s3.js";
import { errorOf, first, useFakeS3 } from "./s3-support.js";

const s3 = useFakeS3();
let home: string;
/** The services of a cloud, which give keys. */
let cloud: Server;
let address: string;
/** What they answer, by method and path. */
const services = new Map<string, (request: IncomingMessage, body: string) => [number, string]>();
const asked: string[] = [];

beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), "prio-home-"));
  cloud = createServer(async (request, response) => {
    const pieces: Buffer[] = [];
    for await (const piece of request) pieces.push(piece as Buffer);
    const name = `${request.method} ${request.url}`;
    asked.push(name);
    const [status, text] = services.get(name)?.(request, Buffer.concat(pieces).toString()) ?? [404, "not here"];
    response.writeHead(status).end(text);
  });
  await new Promise<void>((resolve) => cloud.listen(0, "127.0.0.1", resolve));
  address = `http://127.0.0.1:${(cloud.address() as AddressInfo).port}`;
});
afterEach(() => {
  services.clear();
  asked.length = 0;
});
afterAll(() => {
  cloud.close();
  rmSync(home, { recursive: true });
});

/** The access key id and the token with which a store signs. */
async function used(env: Record<string, string>, settings: StoreSettings = {}): Promise<(string | undefined)[]> {
  await open(env, settings).stat("x");
  return keysOf(s3.fake.requests.at(-1)?.headers);
}
const keysOf = (headers: IncomingMessage["headers"] | undefined) => [
  /Credential=([^/]+)\//.exec(headers?.authorization ?? "")?.[1],
  headers?.["x-amz-security-token"] as string | undefined,
];
const open = (env: Record<string, string>, settings: StoreSettings = {}) =>
  s3.open({ credentials: undefined, env: { HOME: home, AWS_EC2_METADATA_DISABLED: "true", ...env }, ...settings });
const file = (name: string, text: string) => {
  const path = join(home, name);
  writeFileSync(path, text);
  return path;
};
const keys = (id: string, more = {}) =>
  JSON.stringify({ AccessKeyId: id, SecretAccessKey: "secret", Token: "token", ...more });

describe("keys come from", () => {
  it("the settings, before everything else", async () => {
    const env = { AWS_ACCESS_KEY_ID: "other", AWS_SECRET_ACCESS_KEY: "other" };
    const credentials = { accessKeyId: "mine", secretAccessKey: "x", sessionToken: "t" };
    expect(await used(env, { credentials })).toEqual(["mine", "t"]);
  });

  it("the environment", async () => {
    const env = { AWS_ACCESS_KEY_ID: "id", AWS_SECRET_ACCESS_KEY: "secret" };
    expect(await used(env)).toEqual(["id", undefined]);
    expect(await used({ ...env, AWS_SESSION_TOKEN: "token" })).toEqual(["id", "token"]);
    expect(await used({ ...env, AWS_SESSION_TOKEN: "", AWS_PROFILE: "other" })).toEqual(["id", undefined]);
  });

  it("the profiles of the credentials file, and of the config file", async () => {
    const credentials = file(
      "credentials",
      "# a comment\n[default]\naws_access_key_id = first\naws_secret_access_key=a/b+c=# \r\n\n" +
        "[ other ]\naws_access_key_id=second ; not a part of it\naws_secret_access_key=y\naws_session_token=t==\n",
    );
    const config = file(
      "config",
      "[profile third]\naws_access_key_id=third\naws_secret_access_key=z\nregion = eu-west-3\n" +
        "[default]\nregion=eu-west-1\n",
    );
    const env = { AWS_SHARED_CREDENTIALS_FILE: credentials, AWS_CONFIG_FILE: config };
    expect(await used(env)).toEqual(["first", undefined]);
    expect(s3.fake.requests.at(-1)?.headers.authorization).toContain("/eu-west-1/s3/");
    expect(await used({ ...env, AWS_PROFILE: "other" })).toEqual(["second", "t=="]);
    expect(await used({ ...env, AWS_PROFILE: "other" }, { profile: "third" })).toEqual(["third", undefined]);
    expect(s3.fake.requests.at(-1)?.headers.authorization).toContain("/eu-west-3/s3/");
    expect(await used({ ...env, AWS_REGION: "x-1" }, { profile: "third" })).toEqual(["third", undefined]);
    expect(s3.fake.requests.at(-1)?.headers.authorization).toContain("/x-1/s3/");
    // A profile that is asked for goes before keys that happen to be in the environment.
    const others = { AWS_ACCESS_KEY_ID: "id", AWS_SECRET_ACCESS_KEY: "secret" };
    expect(await used({ ...env, ...others }, { profile: "other" })).toEqual(["second", "t=="]);
  });

  it("a web identity", async () => {
    const token = file("token", "web identity\n");
    services.set("POST /", (_request, body) => {
      const form = new URLSearchParams(body);
      expect(form.get("WebIdentityToken")).toBe("web identity");
      expect(form.get("RoleArn")).toBe("arn:aws:iam::1:role/prio");
      const result =
        "<Credentials><AccessKeyId>web</AccessKeyId><SecretAccessKey>s</SecretAccessKey>" +
        "<SessionToken>t</SessionToken><Expiration>2999-01-01T00:00:00Z</Expiration></Credentials>";
      return [200, `<R><AssumeRoleWithWebIdentityResult>${result}</AssumeRoleWithWebIdentityResult></R>`];
    });
    const env = {
      AWS_WEB_IDENTITY_TOKEN_FILE: token,
      AWS_ROLE_ARN: "arn:aws:iam::1:role/prio",
      AWS_ENDPOINT_URL_STS: address,
    };
    expect(await used(env)).toEqual(["web", "t"]);
  });

  it("the container, with its token", async () => {
    services.set("GET /role", ({ headers }) => [headers.authorization === "let me" ? 200 : 401, keys("container")]);
    const env = { AWS_CONTAINER_CREDENTIALS_FULL_URI: `${address}/role` };
    expect(await used({ ...env, AWS_CONTAINER_AUTHORIZATION_TOKEN: "let me" })).toEqual(["container", "token"]);
    const path = file("container-token", "let me\n");
    expect(await used({ ...env, AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: path })).toEqual(["container", "token"]);
    expect((await errorOf(open(env).stat("x"))).message).toContain("the container service answers with status 401");
  });

  it("the machine, last", async () => {
    const folder = "/latest/meta-data/iam/security-credentials/";
    const needsToken =
      (text: string) =>
      ({ headers }: IncomingMessage): [number, string] =>
        headers["x-aws-ec2-metadata-token"] === "session" ? [200, text] : [401, ""];
    services.set("PUT /latest/api/token", () => [200, "session"]);
    services.set(`GET ${folder}`, needsToken("my role\n"));
    services.set(`GET ${folder}my%20role`, needsToken(keys("machine")));
    const env = { AWS_EC2_METADATA_DISABLED: "false", AWS_EC2_METADATA_SERVICE_ENDPOINT: address };
    expect(await used(env)).toEqual(["machine", "token"]);
  });
});

describe("keys are refused, with a reason and without showing them,", () => {
  const hidden = "s3cr3t-part";
  it.each([
    ["when there are none", {}, /there are none$/],
    ["when a half is missing", { AWS_ACCESS_KEY_ID: hidden }, /environment has the access key id only$/],
    ["when the other half is missing", { AWS_SECRET_ACCESS_KEY: hidden }, /has the secret key only$/],
    ["with a newline", { AWS_ACCESS_KEY_ID: "id", AWS_SECRET_ACCESS_KEY: `${hidden}\n` }, /white space/],
    ["with other characters", { AWS_ACCESS_KEY_ID: `é${hidden}`, AWS_SECRET_ACCESS_KEY: "x" }, /white space/],
    ["without the token file", { AWS_WEB_IDENTITY_TOKEN_FILE: "/not/there", AWS_ROLE_ARN: "x" }, /no such file/],
    ["from a container far away", { AWS_CONTAINER_CREDENTIALS_FULL_URI: "http://example.org/x" }, /neither https/],
  ])("%s", async (_name, env, reason) => {
    const error = await errorOf(open(env).stat("x"));
    expect(error).toMatchObject({ code: "forbidden", isTransient: false, store: "s3://bucket" });
    expect(error.message).toMatch(/^cannot get keys for s3:\/\/bucket: /);
    expect(error.message).toMatch(reason);
    expect(error.message + error.hint).not.toContain(hidden);
    expect(s3.fake.requests).toHaveLength(0);
  });

  it("when the profile has none, or gets them in a way of its own", async () => {
    const config = file("odd", "[profile x]\nrole_arn=arn\nsource_profile=default\n[profile y]\nregion=eu\n");
    const message = async (profile: string) =>
      (await errorOf(open({ AWS_CONFIG_FILE: config }, { profile }).stat("x"))).message;
    expect(await message("x")).toContain("profile x has role_arn in place of keys, which is not supported");
    expect(await message("y")).toContain("there are none in the profile y");
  });

  it("when a service answers nonsense", async () => {
    const env = { AWS_CONTAINER_CREDENTIALS_FULL_URI: `${address}/role` };
    for (const text of ["<html>", "null", "{}", '{"AccessKeyId":1}', "x".repeat(100_000)]) {
      services.set("GET /role", () => [200, text]);
      expect(await errorOf(open(env).stat("x"))).toMatchObject({ code: "forbidden" });
    }
  });

  it("and files that cannot be read are named as such", async () => {
    const error = await errorOf(open({ AWS_SHARED_CREDENTIALS_FILE: home }).stat("x"));
    expect(error).toMatchObject({ code: "forbidden", message: expect.stringContaining("is a directory") });
  });
});

describe("keys are read again", () => {
  const expired = (code: string) =>
    first(
      1,
      () => true,
      ({ method }, response) => {
        fail(response, code === "InvalidAccessKeyId" ? 403 : 400, code, method === "HEAD");
        return true;
      },
    );

  it.each(["ExpiredToken", "InvalidAccessKeyId"])("when the server says %s", async (code) => {
    const path = file("rotated", "[default]\naws_access_key_id=old\naws_secret_access_key=x\n");
    const store = open({ AWS_SHARED_CREDENTIALS_FILE: path });
    await store.stat("x");
    file("rotated", "[default]\naws_access_key_id=new\naws_secret_access_key=x\n");
    await store.stat("x");
    expect(keysOf(s3.fake.requests.at(-1)?.headers)[0]).toBe("old");
    s3.fake.fault = expired(code);
    await store.delete("x");
    expect(keysOf(s3.fake.requests.at(-1)?.headers)[0]).toBe("new");
    // Those of the settings cannot be others.
    s3.fake.fault = expired(code);
    expect(await errorOf(s3.open().delete("x"))).toMatchObject({ code: "forbidden" });
  });

  it("before they end, and by all requests at once only once", async () => {
    const at = (minutes: number) => new Date(Date.now() + minutes * 60_000).toISOString();
    let given = 0;
    services.set("GET /role", () => [200, keys(`number-${++given}`, { Expiration: at(given === 1 ? 4 : 60) })]);
    const store = open({ AWS_CONTAINER_CREDENTIALS_FULL_URI: `${address}/role` });
    await Promise.all([store.stat("x"), store.stat("y")]);
    await store.stat("z");
    expect(asked).toHaveLength(2);
    expect(keysOf(s3.fake.requests.at(-1)?.headers)[0]).toBe("number-2");
  });
});

it("an ini file has sections with values, and anything else in it is passed over", () => {
  const text = "x=1\n[a]\n  indented = 1\nB = 2 # comment\nb2=#3\n=4\n[]\n[a]\nc=d=e\r\n[b";
  const sections = Object.fromEntries(
    Array.from(parseIni(text), ([name, values]) => [name, Object.fromEntries(values)]),
  );
  expect(sections).toEqual({ a: { b: "2", b2: "#3", c: "d=e" }, "": {} });
});
