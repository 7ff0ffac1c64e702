import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

/** `npm run dev` serves the page with hot reload and passes API calls on to a control plane. */
const control = process.env["PERIHELION_CONTROL"] ?? "http://127.0.0.1:8788";

export default defineConfig({
  plugins: [react()],
  resolve: { alias: { "@": new URL("./src", import.meta.url).pathname } },
  build: {
    target: "es2022",
    assetsInlineLimit: 0, // the content policy allows no data: scripts or fonts
    chunkSizeWarningLimit: 700,
    reportCompressedSize: false,
    // What many pages use is one file: some forty small ones cost the first page more than their bytes.
    rolldownOptions: { output: { codeSplitting: { groups: [{ name: "shared", minShareCount: 8 }] } } },
  },
  server: { proxy: { "/api": control, "/v1": control } },
});
