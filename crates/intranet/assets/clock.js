"use strict";
// Reconnects with growing pauses, at most one second, so that an outage shows at its true length.
const element = (id) => document.getElementById(id);
let connections = 0;
let pause = 100;
let socket;

function show(state, text) {
  element("state").dataset.state = state;
  element("state").textContent = text;
}

function connect() {
  const scheme = location.protocol === "https:" ? "wss:" : "ws:";
  socket = new WebSocket(`${scheme}//${location.host}/clock/ws`);
  let ticks = 0;
  socket.onopen = () => {
    pause = 100;
    element("connections").textContent = String(++connections);
    show("open", "Connected");
  };
  socket.onmessage = (message) => {
    const news = JSON.parse(message.data);
    if (news.echo !== undefined) {
      element("echo").textContent = news.echo;
      return;
    }
    element("clock").textContent = news.time;
    element("count").textContent = String(++ticks);
  };
  socket.onclose = () => {
    show("closed", "Reconnecting");
    setTimeout(connect, pause);
    pause = Math.min(pause * 2, 1000);
  };
}

element("say").addEventListener("submit", (event) => {
  event.preventDefault();
  if (socket.readyState === WebSocket.OPEN) socket.send(element("text").value);
});
connect();
