import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vitest/config";

import about from "./package.json" with { type: "json" };

// Two pages: the main window and the bar above an intranet page. Everything they load is bundled; nothing comes
// from elsewhere.
export default defineConfig({
  plugins: [svelte()],
  define: { __VERSION__: JSON.stringify(about.version), __LICENCE__: JSON.stringify(about.license) },
  clearScreen: false,
  server: { port: 5317, strictPort: true },
  // Tests read the styles, too.
  test: { css: true },
  build: {
    target: ["es2022", "safari16"],
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    rollupOptions: {
      input: { main: "index.html", toolbar: "toolbar.html" },
    },
  },
});
