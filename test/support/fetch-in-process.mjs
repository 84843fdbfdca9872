/** Fetches `hf:owner/name` as the environment says, in a process that a test can kill. */
import { fetchRepository } from "../../dist/checkpoints/hub/fetch.node.js";

const { folder, downloadedBytes } = await fetchRepository("hf:owner/name", { wanted: () => true });
process.stdout.write(JSON.stringify({ folder, downloadedBytes }));
