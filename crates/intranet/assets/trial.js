"use strict";
// What a page can tell about logins, cookies, fields and bodies.

/** The cookies of this trial in a text, sorted. */
const ours = (text) => text.split("; ")
  .filter((cookie) => /^(page-|set-|across|__Host-(page|set|wrong|member)|__Secure-)/.test(cookie)).sort();

const mirror = async (init, query = "") => (await fetch("/whoami" + query, init)).json();

const frameAt = (address) => new Promise((done) => {
  const frame = document.createElement("iframe");
  frame.hidden = true;
  frame.src = address;
  frame.onload = () => done(frame);
  document.body.append(frame);
});

async function tryLogins() {
  await row("sign_on", async () => [(await (await fetch("/trial/member")).json()).member, location.pathname]);
  await row("sign_on_again", async () => {
    const frame = await frameAt("/trial/members?then=/trial/window");
    const member = (await (await fetch("/trial/member")).json()).member;
    const path = frame.contentWindow.location.pathname;
    frame.remove();
    return [member, path];
  });
  await row("form_login", async () => {
    const login = await fetch("/login", { method: "POST", body: new URLSearchParams({ name: "Zoë & <co>" }) });
    const shown = new DOMParser().parseFromString(await login.text(), "text/html").getElementById("signed-in");
    return [login.status, login.redirected, new URL(login.url).pathname, shown?.textContent];
  });
}

async function tryCookies(places) {
  await row("cookies_of_the_page", async () => {
    document.cookie = "page-lax=1; SameSite=Lax; Path=/";
    document.cookie = "page-secure=2; Secure; Path=/";
    document.cookie = "__Host-page=3; Secure; Path=/";
    document.cookie = "__Host-wrong=4; Secure; Path=/; Domain=northlight.example";
    document.cookie = "page-wide=5; Secure; Domain=northlight.example; Path=/";
    document.cookie = "page-foreign=6; Secure; Domain=southport.example; Path=/";
    document.cookie = "page-letters=Zoë 😀; Secure; Path=/";
    return ours(document.cookie);
  });
  await row("cookies_of_the_site", async () => {
    await fetch("/trial/cookies");
    return ours(document.cookie);
  });
  await row("cookies_sent", async () => ours(((await mirror()).headers.cookie ?? []).join("; ")));
  for (const [name, site] of [["cookies_to_the_same_domain", places.signIn], ["cookies_to_another_domain", places.partner]]) {
    await row(name, async () => {
      const ask = async () => (await fetch(site + "/trial/across", { credentials: "include" })).json();
      await ask();
      const second = await ask();
      return [second.site, second.origin, ours(second.cookie)];
    });
  }
}

async function tryRequests(places) {
  await row("request", async () => {
    const init = { method: "POST", headers: { "X-Own": "a, b", "Content-Type": "application/json" }, body: "{}" };
    const told = await mirror(init, "?a=%20b&c=d%2Fe&empty=&%C3%A6");
    // What the connector adds, what is between neighbours, and what names the program in place of the engine.
    const left = (name) => !/^(cookie|user-agent|host|connection|x-forwarded-.*|x-remote-user|sec-ch-ua.*)$/.test(name);
    const fields = Object.entries(told.headers).filter(([name]) => left(name)).sort();
    return [told.scheme, told.method, told.target.replace(/^https:..[^/]+/, ""), fields];
  });
  await row("methods", async () => {
    const seen = [];
    for (const method of ["GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS"]) {
      const answer = await fetch("/whoami", { method });
      seen.push([method, answer.status, method === "HEAD" ? "" : (await answer.json()).method]);
    }
    return seen;
  });
  await row("body_echoed", async () => {
    const bytes = new Uint8Array(3000000).map((_, index) => index * 7);
    const back = new Uint8Array(await (await fetch("/echo", { method: "POST", body: bytes })).arrayBuffer());
    return [back.length, back.every((byte, index) => byte === bytes[index])];
  });
  await row("body_of_a_form", async () => {
    const form = new FormData();
    form.append("text", "æøå \u{1f600}");
    form.append("file", new Blob([new Uint8Array([0, 255, 13, 10])]), "Übersicht \"1\".bin");
    const back = await (await fetch("/echo", { method: "POST", body: form })).formData();
    const file = back.get("file");
    return [back.get("text"), file.name, [...new Uint8Array(await file.arrayBuffer())]];
  });
  await row("redirect_with_a_body", async () => {
    const answer = await fetch("/trial/moved", { method: "PUT", body: "kept" });
    return [answer.status, answer.redirected, new URL(answer.url).pathname, await answer.text()];
  });
  await row("preflight", async () => {
    const init = { method: "PUT", headers: { "X-Own": "1" }, credentials: "include", body: "x" };
    const told = await (await fetch(places.signIn + "/trial/across", init)).json();
    return [told.method, told.own, told.origin];
  });
  await row("beacon", async () => {
    const word = makeWord();
    const taken = navigator.sendBeacon("/trial/noted?word=" + word, "said in passing");
    return [taken, await notedOnce(word, (note) => note === "said in passing")];
  });
}

async function tryAnswers() {
  for (const coding of ["gzip", "br"]) {
    await row("compressed_by_" + coding, async () => {
      const address = "/trial/compressed?coding=" + coding;
      const answer = await fetch(address);
      const text = await answer.text();
      const [entry] = performance.getEntriesByName(new URL(address, location).href);
      // An engine may count the frames of HTTP/2 as well.
      const small = entry.encodedBodySize < 100;
      return [answer.headers.get("content-encoding"), await sha256(new TextEncoder().encode(text)), small,
        entry.decodedBodySize];
    });
  }
  await row("not_modified", async () => {
    const word = makeWord();
    const texts = [];
    for (const cache of ["default", "default"]) {
      const answer = await fetch("/trial/known?word=" + word, { cache });
      texts.push([answer.status, await answer.text()]);
    }
    return [texts, await noted(word)];
  });
  await row("range", async () => {
    const parts = [];
    const large = "/files/large.bin?size=1000000";
    for (const [range, validator] of [["bytes=100-199"], ["bytes=-7"], ["bytes=0-9", "\"other\""], ["bytes=1000000-"]]) {
      const headers = { Range: range, ...(validator && { "If-Range": validator }) };
      const part = await fetch(large, { headers });
      const size = (await part.arrayBuffer()).byteLength;
      parts.push([part.status, part.headers.get("content-range"), part.headers.get("etag"), size]);
    }
    return parts;
  });
  await row("progress", async () => {
    const request = new XMLHttpRequest();
    let up, down;
    request.upload.onprogress = (event) => { up = [event.lengthComputable, event.total]; };
    request.onprogress = (event) => { down = [event.lengthComputable, event.total]; };
    await new Promise((done) => {
      request.onloadend = done;
      request.open("POST", "/trial/count?word=" + makeWord());
      request.send(new Blob([new Uint8Array(2000000)]));
    });
    const sent = JSON.parse(request.responseText).size;
    await new Promise((done) => {
      request.onloadend = done;
      request.open("GET", "/files/large.bin?size=2000000");
      request.send();
    });
    return [up, sent, down, request.responseText.length > 0];
  });
}
