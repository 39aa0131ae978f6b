// docs/dap.md against the package: its task document is one, and its table of VDAFs is what the code writes.

import { describe, expect, test } from "vitest";
import { DapTask, encodeVdafConfiguration, type VdafDescription } from "../../dist/dap/index.js";
import { read } from "../package/built.js";

const page = read("docs/dap.md");

test("the task document is read, and written again", () => {
  const [, text = ""] = /^```json\n([\s\S]*?)^```$/m.exec(page) ?? [];
  const document = JSON.parse(text);
  expect(DapTask.fromJSON(document).toJSON()).toEqual(document);
});

test("every member of a task document is explained", () => {
  const [, text = ""] = /^```json\n([\s\S]*?)^```$/m.exec(page) ?? [];
  const explained = [...page.matchAll(/^\| (`\w+`(?:, `\w+`)*) \| /gm)].flatMap(([, names = ""]) =>
    names.replaceAll("`", "").split(", "),
  );
  expect(explained).toEqual(expect.arrayContaining(Object.keys(JSON.parse(text))));
});

/** A row of the table: the VDAF's type, its parameters, its identifier and its encoding. */
const rows = [
  ...page.matchAll(/^\| `(\w+)`(?: with `xof` `"(.*?)"`)?(?:: (.*?))? \| `(0x[0-9A-F]{8})` \| (.*?) \| /gm),
];

describe("the table of VDAFs", () => {
  test("has all of them, but the second XOF", () => {
    expect(rows.map(([, type]) => type)).toHaveLength(9);
  });

  test.each(rows.map(([, type, xof, parameters, id, encoding]) => ({ type, xof, parameters, id, encoding })))(
    "$type: $parameters",
    ({ type, xof, parameters = "", id, encoding = "" }) => {
      const names = [...parameters.matchAll(/`(\w+)`/g)].map(([, name]) => name as string);
      const values = new Map(names.map((name, i) => [name, i + 3]));
      const description = { type, ...(xof === undefined ? {} : { xof }), ...Object.fromEntries(values) };
      const { vdafType, vdafConfiguration } = encodeVdafConfiguration(description as VdafDescription);
      expect(vdafType).toBe(Number(id));
      const fields = [...encoding.matchAll(/uint(\d+) (\w+)/g)].map(([, bits, name = ""]) => {
        const camel = name.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
        return (values.get(camel) ?? 0).toString(16).padStart(Number(bits) / 4, "0");
      });
      expect(Buffer.from(vdafConfiguration).toString("hex")).toBe(fields.join(""));
    },
  );
});
