// Paths of one file, in all the ways that a path can lead to it, and paths of different files.

import { linkSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { fileIdentity } from "../../src/files/file-identity.js";
import { scratch } from "../cli/support.js";

const folder = scratch();
afterAll(() => folder.remove());
const at = (path: string) => `${folder.path()}/${path}`;

beforeAll(() => {
  mkdirSync(at("real/deep"), { recursive: true });
  mkdirSync(at("other"));
  writeFileSync(at("real/file"), "");
  writeFileSync(at("real/copy"), "");
  linkSync(at("real/file"), at("other/hard"));
  symlinkSync("../real/file", at("other/soft"));
  symlinkSync(at("real"), at("linked"));
  symlinkSync(at("real/deep"), at("far"));
  symlinkSync("real/new", at("dangling"));
  symlinkSync("dangling", at("dangling-twice"));
  symlinkSync("round", at("round"));
});

describe("one file", () => {
  it.each([
    ["dots", "real/file", "other/../real/./file"],
    ["a hard link", "real/file", "other/hard"],
    ["a symbolic link", "real/file", "other/soft"],
    ["a directory through a symbolic link", "real/file", "linked/file"],
    [".. after a symbolic link, as the system goes", "real/file", "far/../file"],
    ["a file that is not there yet", "real/new", "linked/new"],
    ["a missing file in a missing directory", "real/x/new", "linked/x/./new"],
    [".. after a missing directory, which would be made", "real/new", "real/x/../new"],
    [".. after two missing directories", "real/new", "real/x/y/../../new"],
    [".. after a symbolic link, and missing", "real/new", "far/../new"],
    ["a symbolic link to a missing file", "real/new", "dangling"],
    ["a chain of such links", "real/new", "dangling-twice"],
    ["a directory", "real", "linked/"],
  ])("%s", (_, a, b) => {
    expect(fileIdentity(at(a))).toBe(fileIdentity(at(b)));
    expect(fileIdentity(at(a))).toBeDefined();
  });
});

describe("two files", () => {
  it.each([
    ["of one directory", "real/file", "real/copy"],
    ["of one name, in two directories", "real/new", "other/new"],
    ["that are missing", "real/new", "real/newer"],
    [".. after a symbolic link is not the directory of the link", "file", "far/../file"],
    ["below a file, where none can be", "real/file/x", "real/copy/x"],
  ])("%s", (_, a, b) => {
    expect(fileIdentity(at(a))).not.toBe(fileIdentity(at(b)));
  });

  it("a device of characters has no identity, and links that go round end", () => {
    expect(fileIdentity("/dev/null")).toBeUndefined();
    expect(fileIdentity(at("round"))).toBeDefined();
  });
});
