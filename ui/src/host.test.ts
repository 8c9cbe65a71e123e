import { afterEach, expect, test, vi } from "vitest";

import { tauriHost } from "./host";

/** Answers as a phone does, whose person lets the app use the camera or not. */
function phone(camera: "granted" | "denied"): string[] {
  const asked: string[] = [];
  const answers: Record<string, unknown> = {
    device_info: { mobile: true },
    "plugin:barcode-scanner|request_permissions": { camera },
    "plugin:barcode-scanner|scan": { content: "a code" },
    read_code: { company: "Northlight" },
  };
  const invoke = async (command: string) => {
    asked.push(command);
    return answers[command];
  };
  vi.stubGlobal("window", { __TAURI_INTERNALS__: { invoke } });
  return asked;
}

afterEach(() => void vi.unstubAllGlobals());

const events = { onFrame: () => {}, onState: () => {} };

test("a phone is asked for its camera before it looks for a code", async () => {
  const asked = phone("granted");
  expect(await tauriHost().scan(events)).toEqual({ company: "Northlight" });
  expect(asked).toEqual(["device_info", "plugin:barcode-scanner|request_permissions", "plugin:barcode-scanner|scan", "read_code"]);
});

test("a person who keeps the camera to themselves is told so, and what else there is", async () => {
  const asked = phone("denied");
  await expect(tauriHost().scan(events)).rejects.toMatchObject({ code: "camera-refused" });
  expect(asked).not.toContain("plugin:barcode-scanner|scan");
});
