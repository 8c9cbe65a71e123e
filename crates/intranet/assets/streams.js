"use strict";
// What a page can tell about bodies that take their time: up, down, given up, and both ways at once.

const UP = 24 * 1024 * 1024;

/** Bytes in which a block that arrives twice or in the wrong place shows. */
const made = (size) => new Uint8Array(size).map((_, index) => (index * 31 + (index >> 11)) & 255);

/** Whether this engine sends a body while it is made; it must not ask for `duplex` if it does not know streams. */
function sendsStreams() {
  let asked = false;
  const request = new Request("/", {
    method: "POST", body: new ReadableStream(), get duplex() { asked = true; return "half"; },
  });
  return asked && !request.headers.has("Content-Type");
}

async function tryUploads() {
  await row("upload", async () => {
    const bytes = made(UP);
    const answer = await fetch("/trial/count?word=" + makeWord(), { method: "POST", body: new Blob([bytes]) });
    const arrived = await answer.json();
    return [arrived.size, arrived.sha256 === await sha256(bytes), arrived.stated];
  });
  await row("upload_as_a_stream", async () => {
    if (!sendsStreams()) return "this engine sends no streams";
    const word = makeWord();
    const bytes = made(5000000);
    let at = 0;
    const body = new ReadableStream({
      async pull(stream) {
        // The rest is made only when the site has the beginning.
        if (at > 0) await notedOnce(word, (note) => note === "began");
        if (at < bytes.length) stream.enqueue(bytes.slice(at, at += 100000));
        if (at >= bytes.length) stream.close();
      },
    }, { highWaterMark: 0 });
    const answer = await fetch("/trial/count?word=" + word, { method: "POST", body, duplex: "half" });
    const arrived = await answer.json();
    return [arrived.size, arrived.sha256 === await sha256(bytes), arrived.stated];
  });
}

async function tryGivingUp() {
  const gone = (word) => notedOnce(word, (note) => note === "gone");
  await row("fetch_cancelled", async () => {
    const [word, stop] = [makeWord(), new AbortController()];
    const answer = await fetch("/trial/endless?word=" + word, { signal: stop.signal });
    await answer.body.getReader().read();
    const before = await noted(word);
    stop.abort();
    return [before, await gone(word)];
  });
  await row("reader_cancelled", async () => {
    const word = makeWord();
    const reader = (await fetch("/trial/endless?word=" + word)).body.getReader();
    await reader.read();
    await reader.cancel();
    return gone(word);
  });
  await row("request_cancelled", async () => {
    const [word, request] = [makeWord(), new XMLHttpRequest()];
    await new Promise((done) => {
      request.onprogress = done;
      request.open("GET", "/trial/endless?word=" + word);
      request.send();
    });
    request.abort();
    return gone(word);
  });
  await row("frame_removed", async () => {
    const word = makeWord();
    const frame = document.createElement("iframe");
    frame.src = "/trial/endless?word=" + word;
    document.body.append(frame);
    await notedOnce(word, (note) => note === "began");
    frame.remove();
    return gone(word);
  });
}

async function tryEvents() {
  await row("streams_at_once", async () => {
    const stop = new AbortController();
    let open = 0;
    for (let number = 0; number < 8; number += 1) {
      fetch("/trial/endless?word=" + makeWord(), { signal: stop.signal })
        .then((answer) => answer.body.getReader().read()).then(() => { open += 1; }, () => {});
    }
    // Until no more of them come.
    for (let before = -1; open < 8 && open > before; ) {
      before = open;
      await wait(3000);
    }
    stop.abort();
    return open;
  });
  await row("events", () => new Promise((done) => {
    const source = new EventSource("/trial/events");
    const seen = [];
    source.addEventListener("step", (event) => {
      seen.push([event.lastEventId, event.data]);
      // Each comes on a connection of its own, which says what came last.
      if (seen.length === 3) { source.close(); done(seen); }
    });
  }));
  await row("events_one_by_one", () => new Promise((done) => {
    const source = new EventSource("/events/stream");
    const ids = [];
    source.addEventListener("tick", (event) => {
      ids.push(event.lastEventId);
      if (ids.length === 2) { source.close(); done(ids); }
    });
  }));
}

async function trySockets() {
  const open = (word, protocols) => {
    const socket = new WebSocket(location.origin.replace("http", "ws") + "/trial/socket?word=" + word, protocols);
    socket.binaryType = "arraybuffer";
    const waiting = [];
    const arrived = [];
    socket.onmessage = ({ data }) => (waiting.length > 0 ? waiting.shift()(data) : arrived.push(data));
    socket.next = () => (arrived.length > 0 ? arrived.shift() : new Promise((done) => waiting.push(done)));
    socket.closed = new Promise((done) => {
      socket.onclose = (event) => done([event.code, event.reason, event.wasClean]);
    });
    return socket;
  };
  await row("socket", async () => {
    const socket = open(makeWord(), ["first.protocol", "second"]);
    const greeting = await socket.next();
    const cookies = ours(greeting.replace(/^cookies /, "")).filter((cookie) => cookie.startsWith("__Host-"));
    const ping = await socket.next();
    socket.send("a text with æøå \u{1f600}");
    const text = await socket.next();
    socket.send(new Uint8Array([0, 255, 1, 254]));
    const bytes = [...new Uint8Array(await socket.next())];
    const large = made(1000000);
    socket.send(large);
    const back = await sha256(await socket.next()) === await sha256(large);
    socket.send("close");
    return { protocol: socket.protocol, cookies, ping, text, bytes, back, closed: await socket.closed };
  });
  await row("socket_closed_by_the_page", async () => {
    const word = makeWord();
    const socket = open(word);
    await socket.next();
    socket.close(4001, "bye, æøå");
    return [await socket.closed, await notedOnce(word, (note) => note.startsWith("closed"))];
  });
  await row("socket_refused", async () => {
    const socket = new WebSocket(location.origin.replace("http", "ws") + "/login");
    return new Promise((done) => { socket.onclose = (event) => done([event.code, event.wasClean]); });
  });
}

async function tryFilm() {
  await row("film", async () => {
    // WebKitGTK's player now and then never begins although it has the whole film, directly as well: once in some
    // hundred films. Somebody who watches would open it again.
    for (let again = 2; ; again--) {
      try {
        return await playFilm();
      } catch (stands) {
        if (!(stands instanceof StandsStill) || again === 0) throw stands;
      }
    }
  });
}

/** The player has all that it needs, and does not play. */
class StandsStill extends Error {}

/** How long a player may do nothing, in milliseconds. */
const STILL = 8000;

async function playFilm() {
  const word = makeWord();
  const film = document.createElement("video");
  try {
    const once = (name) => new Promise((done, failed) => {
      film.addEventListener(name, done, { once: true });
      film.addEventListener("error", () => failed(new Error("the film: " + film.error?.message)), { once: true });
    });
    const covers = (second) => [...Array(film.buffered.length).keys()].some((part) => film.buffered.start(part) <= second && second < film.buffered.end(part));
    const reaches = async (second) => {
      for (let [at, since] = [film.currentTime, performance.now()]; film.currentTime < second; await wait(50)) {
        if (film.currentTime !== at) [at, since] = [film.currentTime, performance.now()];
        else if (performance.now() - since > STILL && covers(second)) throw new StandsStill("at " + at);
      }
    };
    Object.assign(film, { muted: true, preload: "auto", src: "/trial/film.webm?word=" + word });
    document.body.prepend(film);
    await once("loadedmetadata");
    const is = rows.film = { seconds: Math.round(film.duration), size: [film.videoWidth, film.videoHeight] };
    await film.play();
    await reaches(0.5);
    is.plays = true;
    // As a person who moves the slider while it plays.
    const wasThere = covers(15);
    const seeked = once("seeked");
    film.currentTime = 15;
    await seeked;
    is.at = Math.round(film.currentTime);
    await reaches(15.5);
    is.playsOn = true;
    // How many parts an engine asks for is a matter of time; that it asks for one that was not there yet is not.
    is.ranges = wasThere || (await noted(word)).some((range) => /^bytes=[1-9]\d*-/.test(range));
    return is;
  } finally {
    film.remove();
  }
}
