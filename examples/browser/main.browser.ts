/** A page that answers about the picture that is dropped on it: ?device=webgpu computes on the GPU, ?threads=1 with one thread. */
import { image, openFlamingo } from "flamingo-ts/browser";

const element = <T extends HTMLElement>(id: string) => document.getElementById(id) as T;
const asked = new URLSearchParams(location.search);
const answer = element<HTMLOutputElement>("answer");

const opening = openFlamingo("nano/", {
  device: asked.get("device") === "webgpu" ? "webgpu" : "cpu",
  ...(asked.has("threads") ? { threads: Number(asked.get("threads")) } : {}),
});

async function show(file: File | undefined): Promise<void> {
  if (file === undefined) return;
  const picture = element<HTMLImageElement>("picture");
  picture.src = URL.createObjectURL(file);
  picture.hidden = false;
  answer.textContent = "looking…";
  const flamingo = await opening;
  const bytes = new Uint8Array(await file.arrayBuffer());
  const { text, logProb, timings } = await flamingo.generate([image(bytes), element<HTMLInputElement>("text").value]);
  const milliseconds = timings.lookMs + timings.readMs + timings.writeMs;
  answer.textContent = `${text} (probability ${Math.exp(logProb).toFixed(2)}, ${milliseconds.toFixed(0)} ms)`;
}

const told = (error: unknown) => {
  answer.textContent = error instanceof Error ? error.message : String(error);
};
element<HTMLInputElement>("file").addEventListener("change", ({ target }) => {
  show((target as HTMLInputElement).files?.[0]).catch(told);
});
document.addEventListener("dragover", (event) => event.preventDefault());
document.addEventListener("drop", (event) => {
  event.preventDefault();
  show(event.dataTransfer?.files[0]).catch(told);
});
opening.then(({ config }) => {
  answer.textContent = `${config.name} is ready`;
}, told);
