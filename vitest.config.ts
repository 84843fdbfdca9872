import { pathToFileURL } from "node:url";
import { defineConfig } from "vitest/config";

/** Source modules see the address at which they ship, so that worker threads and package files are found in tests as they are by users. */
const shippedAddress = {
  name: "shipped-address",
  transform(code: string, id: string) {
    if (!id.includes("/src/") || !code.includes("import.meta.url")) return undefined;
    const shipped = pathToFileURL(id.replace("/src/", "/dist/").replace(/\.ts$/, ".js")).href;
    return code.replaceAll("import.meta.url", JSON.stringify(shipped));
  },
};

export default defineConfig({
  plugins: [shippedAddress],
  test: { include: ["test/**/*.test.ts"], testTimeout: 60_000, maxWorkers: 2 },
});
