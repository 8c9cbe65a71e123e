// What a person does that no single picture shows, on the real screens with a host that has nothing behind it.

/** Does each deed in a window of its own, and returns how many were done. */
export async function deeds(open, fail) {
  for (const deed of DEEDS) {
    const problem = await deed(await open());
    if (problem) fail(`${deed.name}: ${problem}`);
  }
  return DEEDS.length;
}

const DEEDS = [unpinned, scanned, linkOpened, linkLeft, presented, aged, barKeys, chosen, typed];

async function unpinned(page) {
  await page.show({ scene: "portal-pages" });
  await page.evaluate("document.querySelector('[data-testid=unpin-page]').focus()");
  await page.press("Enter");
  const at = await until(page, state("pinned-page"), ({ count, focus }) => count === 2 && focus === "unpin-page");
  return at ? null : `the focus is lost: ${JSON.stringify(await page.evaluate(state("pinned-page")))}`;
}

async function scanned(page) {
  await page.show({ scene: "companies-link" });
  await click(page, "add-company");
  const there = await until(page, "[!!document.querySelector('[data-testid=screen-scan]'), document.querySelectorAll('dialog').length].join()", (seen) => seen === "true,0");
  return there ? null : "a link to scan does not lead to the camera";
}

async function linkOpened(page) {
  await page.show({ scene: "portal-link" });
  if (await page.evaluate("window.calls.some(([name]) => name === 'answerLink')")) return "a link is answered before the person was asked";
  await click(page, "link-yes");
  return (await answered(page, true)) ? null : "the page is not opened, or the question stays";
}

async function linkLeft(page) {
  await page.show({ scene: "portal-link" });
  await page.press("Escape");
  return (await answered(page, false)) ? null : "who turns away from the question does not say no";
}

async function presented(page) {
  await page.show({ scene: "settings" });
  await page.evaluate(`(() => {
    const languages = document.querySelector("[data-testid=language]");
    languages.value = "fr";
    languages.dispatchEvent(new Event("change", { bubbles: true }));
    document.querySelector("[data-testid=appearance-light]").click();
  })()`);
  const looks = "window.calls.filter(([name]) => name === 'present').map(([, { language, appearance, words }]) => [language, appearance, words.retry, words.failures['no-network']?.message])";
  const last = await until(page, `${looks}.at(-1)`, ([language, appearance]) => language === "fr" && appearance === "light");
  const [first] = await page.evaluate(looks);
  const isRight = last?.[2] === "Réessayer" && /Internet/i.test(last[3]) && first?.[2] === "Try again";
  return isRight ? null : `the app is told ${JSON.stringify([first, last])}`;
}

/** The age goes on, and takes neither the focus nor a listener's ear. */
async function aged(page) {
  await page.show({ scene: "portal-status" });
  await page.evaluate("document.querySelector('[data-testid=status]').focus(); const then = Date.now(); Date.now = () => then + 48_000;");
  const seen = "({ age: document.querySelector('[data-testid=answered-company]')?.textContent, focus: document.activeElement?.dataset.testid, live: !!document.querySelector('[data-testid=answered-company]')?.closest('[aria-live], [role=status], [role=alert]') })";
  const at = await until(page, seen, ({ age }) => age?.includes("1 minute ago"), 8000);
  return at?.focus === "status" && !at.live ? null : `the age is told as ${JSON.stringify(await page.evaluate(seen))}`;
}

async function barKeys(page) {
  await page.show({ scene: "toolbar" });
  const press = (key, held) => page.evaluate(`dispatchEvent(new KeyboardEvent("keydown", { key: ${JSON.stringify(key)}, ...${JSON.stringify(held)} }))`);
  await press("d", { ctrlKey: true });
  await press("f", { ctrlKey: true });
  if (!(await until(page, "document.activeElement?.dataset.testid", (name) => name === "find-words"))) return "Ctrl+F does not lead into the search";
  await press("l", { ctrlKey: true });
  if (!(await until(page, "document.activeElement?.dataset.testid", (name) => name === "page-address"))) return "Ctrl+L does not lead into the address";
  await press("F3", {});
  if (!(await until(page, "document.activeElement?.dataset.testid", (name) => name === "find-words"))) return "F3 does not lead back into the search";
  await press("Escape", {});
  const ended = "window.calls.some(([name, words, step]) => name === 'pageFind' && words === '' && step === 'end') && !document.querySelector('[data-testid=find-words]')";
  if (!(await until(page, ended, (is) => is))) return "Escape does not end the search";
  return (await page.evaluate("window.calls.filter(([name, action]) => name === 'pageAct' && action === 'pin').length")) === 1 ? null : "Ctrl+D does not pin the page";
}

/** What is chosen in the settings reaches the app as it is meant. */
async function chosen(page) {
  await page.show({ scene: "settings" });
  await click(page, "keep-logins");
  await click(page, "low-data");
  await page.evaluate(`(() => {
    const sizes = document.querySelector("[data-testid=text-size]");
    sizes.value = "150";
    sizes.dispatchEvent(new Event("change", { bubbles: true }));
  })()`);
  const last = "window.calls.filter(([name]) => name === 'setSettings').at(-1)?.[1]";
  const kept = await until(page, last, (settings) => settings?.textSize === 150);
  return kept?.keepLogins === true && kept.lowData === true && kept.keepRecent === true ? null : `the app is told ${JSON.stringify(kept)}`;
}

/** Who finds the app locked types at once, and once more after a wrong passphrase. */
async function typed(page) {
  const focus = (name) => until(page, "document.activeElement?.dataset.testid", (at) => at === name);
  await page.show({ scene: "unlock" });
  if (!(await focus("unlock-passphrase"))) return "the passphrase is not typed where the screen begins";
  await page.show({ scene: "portal" });
  const isTitle = await until(page, "document.activeElement?.tagName", (tag) => tag === "H1" || tag === "BODY");
  return isTitle ? null : "a screen without a first field takes the focus elsewhere";
}

const state = (testid) => `({ count: document.querySelectorAll("[data-testid=${testid}]").length, focus: document.activeElement?.dataset.testid })`;

function answered(page, open) {
  const calls = "JSON.stringify(window.calls.filter(([name]) => name === 'answerLink'))";
  return until(page, `${calls} + document.querySelectorAll("dialog").length`, (seen) => seen === `[["answerLink",${open}]]0`);
}

function click(page, testid) {
  return page.evaluate(`document.querySelector("[data-testid=${testid}]").click()`);
}

/** Waits until what the page says holds. */
export async function until(page, expression, holds, patience = 3000) {
  for (const end = Date.now() + patience; Date.now() < end; ) {
    const value = await page.evaluate(expression);
    if (holds(value)) return value;
  }
  return undefined;
}
