"use strict";
// The person of this trial always agrees.
document.querySelector("form button").click();
