import { mount } from "svelte";

import { start } from "./start";
import "./styles/tokens.css";
import "./styles/base.css";
import Toolbar from "./toolbar/Toolbar.svelte";

const props = await start();
const target = document.getElementById("app");
if (target) mount(Toolbar, { target, props });
