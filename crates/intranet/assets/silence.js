"use strict";
// An event stream and a WebSocket that are silent until somebody wakes the site, and live then.
(async () => {
  const source = new EventSource("/trial/silent/events");
  const socket = new WebSocket(location.origin.replace("http", "ws") + "/trial/silent/socket");
  const heard = { events: [], socket: [] };
  let more;
  const say = (where, what) => { heard[where].push(what); more?.(); };
  const until = async (fits) => { while (!fits()) await new Promise((done) => { more = done; }); };
  source.onmessage = (event) => say("events", event.data);
  source.onerror = () => say("events", "error");
  socket.onmessage = (event) => say("socket", event.data);
  socket.onclose = (event) => say("socket", "closed with " + event.code);
  await until(() => heard.events.length > 0 && heard.socket.length > 0);
  await report({ silent: true });
  await until(() => heard.events.length > 1 && heard.socket.length > 1);
  socket.send("and back");
  await until(() => heard.socket.length > 2);
  rows.silence = heard;
  await report({ done: true });
})();
