// A store on the server of fake-s3.ts, for the tests of faults.

import type { IncomingMessage, ServerResponse } from "node:http";
import { inspect } from "node:util";
import { afterAll, beforeAll, beforeEach, expect } from "vitest";
import { openStore } from "../../src/stores/open-store.js";
import type { StoreSettings } from "../../src/stores/settings.js";
import { type Store, StoreError } from "../../src/stores/store.js";
import { type FakeRequest, FakeS3, type Fault } from "./fake-s3.js";

export const SECRET = "wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY";
export const credentials = { accessKeyId: "AKIAIOSFODNN7EXAMPLE", secretAccessKey: SECRET };

interface FakeStore {
  readonly fake: FakeS3;
  /** What the store warned of since the test began. */
  readonly warnings: string[];
  /** Opens a store that tries three times, at once. */
  open(settings?: StoreSettings, prefix?: string): Store;
}

/** Starts a server for the tests of a file. It is empty at the beginning of each. */
export function useFakeS3(): FakeStore {
  let fake: FakeS3;
  const warnings: string[] = [];
  beforeAll(async () => {
    fake = await FakeS3.start();
  });
  beforeEach(() => {
    fake.reset();
    fake.objects.clear();
    fake.uploads.clear();
    warnings.length = 0;
  });
  afterAll(() => fake.stop());
  return {
    get fake() {
      return fake;
    },
    warnings,
    open: (settings = {}, prefix = "") =>
      openStore(`s3://bucket/${prefix}`, {
        endpoint: fake.endpoint,
        credentials,
        env: {},
        tries: 3,
        delay: 0,
        partSize: 1000,
        warn: (message) => warnings.push(message),
        ...settings,
      }),
  };
}

/** The first `count` requests that `concerns` picks are answered wrongly. */
export function first(count: number, concerns: (request: FakeRequest) => boolean, fault: Fault): Fault {
  let left = count;
  return (request, response, handle) => {
    if (left === 0 || !concerns(request)) return;
    left--;
    return fault(request, response, handle) ?? true;
  };
}

/** Breaks the connection in place of an answer, or in the middle of one. */
export function breakOff(response: ServerResponse): true {
  (response as ServerResponse<IncomingMessage>).socket?.destroy();
  return true;
}

/** The StoreError of a promise. It must not show the keys or a signature, however it is shown. */
export async function errorOf(promise: Promise<unknown>): Promise<StoreError> {
  const error = await promise.then(
    () => new Error("there was no error"),
    (reason: unknown) => reason,
  );
  if (!(error instanceof StoreError)) throw error;
  const shown = inspect(error, { depth: 10, showHidden: true });
  expect(shown).not.toContain(SECRET);
  expect(shown).not.toMatch(/Signature=|Credential=|X-Amz/i);
  return error;
}
