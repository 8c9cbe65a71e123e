"use strict";
// Tells the opener that it is here, and gives back what it is told.
addEventListener("message", (event) => {
  if (event.source !== opener) return;
  opener.postMessage({ back: event.data, origin: event.origin }, "*");
  if (event.data === "close yourself") window.close();
});
opener?.postMessage({ here: location.origin, name: window.name }, "*");
