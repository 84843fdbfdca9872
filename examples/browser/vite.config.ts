import { defineConfig } from "vite";

/** Threads of WebAssembly need a page that is isolated from other origins. */
const headers = { "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Embedder-Policy": "require-corp" };

export default defineConfig({
  root: import.meta.dirname,
  // Every folder beneath `models` at the root of the server: /nano/config.json and so on.
  publicDir: "../../models",
  base: "./",
  // The answering thread loads the engine when it is asked to, so it is a module with chunks.
  worker: { format: "es" },
  // Workers and WebAssembly are found by their address beside the module: they must stay where they are.
  optimizeDeps: { exclude: ["flamingo-ts", "onnxruntime-web"] },
  server: { headers },
  preview: { headers },
  build: { target: "es2023", outDir: "../../build/examples/browser", emptyOutDir: true },
});
