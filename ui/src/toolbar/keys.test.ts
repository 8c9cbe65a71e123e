import { expect, test } from "vitest";

import { meaningOf, type Pressed } from "./keys";

const press = (key: string, held: Partial<Pressed> = {}) => meaningOf({ key, ctrlKey: false, metaKey: false, altKey: false, shiftKey: false, ...held });

test("Ctrl or Command and D pins the page", () => {
  expect(press("d", { ctrlKey: true })).toEqual({ act: "pin" });
  expect(press("d", { metaKey: true })).toEqual({ act: "pin" });
  expect(press("d")).toBeUndefined();
});

test("every key that the bar had does what it did", () => {
  const control = { "+": "zoomIn", "=": "zoomIn", "-": "zoomOut", "0": "zoomReset", p: "print", r: "reload", w: "close" };
  for (const [key, act] of Object.entries(control)) expect(press(key, { ctrlKey: true }), key).toEqual({ act });
  expect(["f", "j", "l"].map((key) => press(key, { ctrlKey: true }))).toEqual([{ show: "find" }, { show: "downloads" }, "address"]);
  expect(["ArrowLeft", "ArrowRight", "Home"].map((key) => press(key, { altKey: true }))).toEqual([{ act: "back" }, { act: "forward" }, { act: "home" }]);
  expect(["Escape", "F3", "F5", "F6", "F11"].map((key) => press(key))).toEqual(["fold", { show: "find" }, { act: "reload" }, "address", { act: "fullScreen" }]);
});

test("what a person types is no command", () => {
  for (const key of ["f", "D", "constructor", "0", "-"]) expect(press(key), key).toBeUndefined();
  expect(press("F5", { shiftKey: true })).toBeUndefined();
  expect(press("constructor", { ctrlKey: true })).toBeUndefined();
});
