"use strict";
// Passwords that a script gives in place of a person, and refusals that it sees.
Object.assign(rows, JSON.parse(decodeURIComponent(location.hash.slice(1)) || "{}"));

const ask = (address, user, password) => new Promise((done) => {
  const request = new XMLHttpRequest();
  request.open("GET", address, true, user, password);
  request.onloadend = () => done([request.status, request.responseText.replace(/<[^>]*>/g, "").trim()]);
  request.send();
});

(async () => {
  await row("basic_refused", async () => {
    const answer = await fetch("/trial/basic", { credentials: "omit" });
    return [answer.status, answer.headers.get("www-authenticate"), await answer.text()];
  });
  await row("basic", async () => [
    await ask("/trial/basic", "maria", "open up, please"),
    // Known by now.
    (await fetch("/trial/basic")).status,
  ]);
  await row("ntlm", async () => {
    // It asks the person, whatever a script gave.
    if (!navigator.userAgent.includes("Chrome")) return "this engine takes no password for it from a script";
    const first = await ask("/trial/ntlm", "maria", "geheim");
    return [first, await ask("/trial/ntlm")];
  });
  const { home } = await (await fetch("/trial/places")).json();
  location.replace(home + "/trial/members?then=/trial");
})();
