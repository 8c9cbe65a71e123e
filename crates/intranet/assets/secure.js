"use strict";
const element = (id) => document.getElementById(id);
element("secure-context").textContent = window.isSecureContext ? "yes" : "no";

async function worker() {
  if (!("serviceWorker" in navigator)) {
    element("service-worker").textContent = "not offered";
    element("service-worker-answer").textContent = "none";
    return;
  }
  await navigator.serviceWorker.register("/sw.js");
  await navigator.serviceWorker.ready;
  element("service-worker").textContent = "active";
  if (!navigator.serviceWorker.controller) {
    await new Promise((done) => navigator.serviceWorker.addEventListener("controllerchange", done, { once: true }));
  }
  element("service-worker-answer").textContent = await (await fetch("/offline-probe")).text();
}

worker().catch((error) => { element("service-worker").textContent = `failed: ${error.message}`; });
