"use strict";
// What only a secure origin may do, windows that the page opens, and the order of it all.

async function trySecureOrigin() {
  await row("secure_origin", async () => {
    const cache = await caches.open("trial");
    await cache.put("/kept", new Response("kept"));
    const kept = await (await cache.match("/kept")).text();
    await caches.delete("trial");
    return [isSecureContext, location.protocol, kept, typeof crypto.subtle, typeof navigator.serviceWorker];
  });
  await row("service_worker", async () => {
    const before = await (await fetch("/offline-probe")).text();
    await navigator.serviceWorker.register("/sw.js");
    const registration = await navigator.serviceWorker.ready;
    while (!navigator.serviceWorker.controller) await wait(50);
    const after = await (await fetch("/offline-probe")).text();
    const through = (await mirror()).method;
    return [before, after, through, new URL(registration.scope).pathname, await registration.unregister()];
  });
}

/** Opens a window at a person's click, which is all that browsers allow. */
function openAtClick(address, name) {
  return new Promise((done) => {
    const button = document.createElement("button");
    button.id = "go";
    button.style.cssText = "position: fixed; inset: 0; width: 100%; height: 100%; z-index: 1; font-size: 2rem";
    button.textContent = "Open a window";
    const ask = () => fetch("/trial/click", { method: "POST" });
    // The window before may still have lain above this one.
    const asking = setInterval(ask, 3000);
    button.onclick = () => {
      clearInterval(asking);
      const opened = window.open(address, name);
      button.remove();
      done(opened);
    };
    document.body.append(button);
    ask();
  });
}

async function tryWindows(places) {
  const heard = () => new Promise((done) => addEventListener("message", done, { once: true }));
  for (const [name, site] of [["window", ""], ["window_of_another_site", places.partner]]) {
    await row(name, async () => {
      const greeted = heard();
      const opened = await openAtClick(site + "/trial/window", name);
      const greeting = (await greeted).data;
      const answered = heard();
      opened.postMessage("hello, window", "*");
      const answer = (await answered).data;
      const last = heard();
      opened.postMessage("close yourself", "*");
      await last;
      while (!opened.closed) await wait(50);
      return [greeting, answer, opened.closed];
    });
  }
}

(async () => {
  const places = await (await fetch("/trial/places")).json();
  await tryLogins();
  await tryCookies(places);
  await tryRequests(places);
  await tryAnswers();
  await tryUploads();
  await tryEvents();
  await trySockets();
  await tryGivingUp();
  await tryFilm();
  await trySecureOrigin();
  await tryWindows(places);
  document.getElementById("state").textContent = "Done.";
  await report({ done: true });
})();
