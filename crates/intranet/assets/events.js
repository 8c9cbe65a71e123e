"use strict";
const element = (id) => document.getElementById(id);
const source = new EventSource("/events/stream");
let count = 0;
source.onopen = () => {
  element("state").dataset.state = "open";
  element("state").textContent = "Connected";
};
source.onerror = () => {
  element("state").dataset.state = "closed";
  element("state").textContent = "Reconnecting";
};
source.addEventListener("tick", (event) => {
  element("event").textContent = event.data;
  element("count").textContent = String(++count);
});
