import { mount } from "svelte";

import App from "./App.svelte";
import { start } from "./start";
import "./styles/tokens.css";
import "./styles/base.css";

const props = await start();
const target = document.getElementById("app");
if (target) mount(App, { target, props });
