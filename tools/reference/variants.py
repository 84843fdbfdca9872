"""
The switches of the paper's ablations (arXiv 2204.14198, tables 3 and 10) and of its relatives, in PyTorch: token by token
in float64, as in `gated.py`, each with weights of its own and the slopes of sum(result * weights).

    pip install -r tools/reference/requirements.txt
    python tools/reference/variants.py              # writes test/fixtures/variants.safetensors
"""
import math

import torch
import torch.nn.functional as F

from fixture import save

SEED = 2205
WIDTH, HEADS, HEAD, HIDDEN, VISUAL = 8, 2, 3, 12, 6
LATENTS, LAYERS, TIMES, FRAMES, PATCHES, MEDIA = 3, 2, 3, 5, 4, 3
LAST_MEDIA = [0, 0, 1, 1, 2, 3, 3]

generator = torch.Generator().manual_seed(SEED)


def normal(*shape: int, deviation: float = 1.0) -> torch.Tensor:
    """Normal numbers that float32 holds exactly, in float64."""
    return (torch.randn(shape, generator=generator) * deviation).to(torch.float32).to(torch.float64)


class Weights(dict):
    """Parameters by path, drawn when they are first asked for."""

    def draw(self, path: str, *shape: int, deviation: float, centre: float = 0.0) -> torch.Tensor:
        if path not in self:
            self[path] = (normal(*shape, deviation=deviation) + centre).float().double().requires_grad_()
        return self[path]

    def linear(self, path: str, x: torch.Tensor, outputs: int) -> torch.Tensor:
        inputs = x.shape[-1]
        return x @ self.draw(f"{path}.weight", inputs, outputs, deviation=1 / math.sqrt(inputs))

    def norm(self, path: str, x: torch.Tensor, kind: str = "layer") -> torch.Tensor:
        width = x.shape[-1]
        gain = self.draw(f"{path}.gain", width, deviation=0.3, centre=1.0)
        if kind == "rms":
            return gain * x / torch.sqrt((x * x).mean(-1, keepdim=True) + 1e-5)
        return F.layer_norm(x, (width,), gain, self.draw(f"{path}.offset", width, deviation=0.3), eps=1e-5)

    def dense(self, path: str, x: torch.Tensor, activation: str, kind: str = "layer") -> torch.Tensor:
        seen = self.norm(f"{path}.norm", x, kind)
        wide = self.linear(f"{path}.up", seen, HIDDEN)
        active = {
            "squaredRelu": lambda: F.relu(wide) ** 2,
            "relu": lambda: F.relu(wide),
            "gelu": lambda: F.gelu(wide),
            "swiglu": lambda: F.silu(self.linear(f"{path}.gate", seen, HIDDEN)) * wide,
        }[activation]()
        return self.linear(f"{path}.down", active, WIDTH)

    def attention(self, path: str, asking: torch.Tensor, seen: torch.Tensor, qk: str | None) -> torch.Tensor:
        """[queries, ..] and [keys, ..] to [queries, width], head by head."""
        query, key, value = (
            self.linear(f"{path}.{name}", x, HEADS * HEAD)
            for name, x in (("query", asking), ("key", seen), ("value", seen))
        )
        heads = []
        for head in range(HEADS):
            own = slice(head * HEAD, (head + 1) * HEAD)
            q, k = query[:, own], key[:, own]
            if qk is not None:
                q, k = self.norm(f"{path}.normQuery", q, qk), self.norm(f"{path}.normKey", k, qk)
            heads.append(torch.softmax(q @ k.T / math.sqrt(HEAD), dim=-1) @ value[:, own])
        return self.linear(f"{path}.output", torch.cat(heads, dim=-1), WIDTH)

    def gate(self, path: str, kind: str) -> torch.Tensor | float:
        if kind == "none":
            return 1.0
        shape = (WIDTH,) if kind == "vector" else ()
        return torch.tanh(self.draw(path, *shape, deviation=0.2, centre=0.6))


def gated(w: Weights, text: torch.Tensor, visual: torch.Tensor, form: dict) -> torch.Tensor:
    """One sequence: text [text, width], visual [media, latents, visual width]."""
    norm = form.get("norm", "layer")
    asking = w.norm("norm", text, norm)
    rows = []
    for token, last in enumerate(LAST_MEDIA):
        first = 0 if form.get("attend") == "all" else last - 1
        if last == 0:
            rows.append(torch.zeros(1, WIDTH, dtype=torch.float64))
            continue
        own = visual[first:last].reshape(-1, VISUAL)
        seen = w.norm("normVisual", own, norm) if form.get("visualNorm", True) else own
        rows.append(w.attention("", asking[token : token + 1], seen, "rms" if form.get("qkNorm") else None))
    gate = form.get("gate", "scalar")
    text = text + w.gate("attentionGate", gate) * torch.cat(rows)
    if form.get("kind") == "vanilla":
        return text
    return text + w.gate("denseGate", gate) * w.dense("feedForward", text, form.get("activation", "squaredRelu"), norm)


def times(w: Weights, frames: int) -> torch.Tensor:
    """Laid over the frames linearly, first on first and last on last."""
    table = w.draw("time", TIMES, WIDTH, deviation=0.5)
    if frames <= TIMES:
        return table[:frames]
    return F.interpolate(table.T[None], size=frames, mode="linear", align_corners=True)[0].T


def resampled(w: Weights, features: torch.Tensor, form: dict) -> torch.Tensor:
    """One medium: [frames, patches, visual width] to [tokens, width]."""
    kind = form.get("kind", "perceiver")
    x = w.linear("project", features, WIDTH)
    if form.get("frames", TIMES) > 0:
        x = x + times(w, features.shape[0])[:, None]
    x = x.reshape(-1, WIDTH)
    tokens = w.draw("latents", LATENTS, WIDTH, deviation=1.0) if kind == "perceiver" else x
    for i in range(LAYERS):
        at = f"layers.{i}"
        if kind != "mlp":
            own = w.norm(f"{at}.normLatents", tokens)
            seen = torch.cat([w.norm(f"{at}.normMedia", x), own]) if kind == "perceiver" else own
            tokens = tokens + w.attention(at, own, seen, "layer" if form.get("qkNorm") else None)
        tokens = tokens + w.dense(f"{at}.feedForward", tokens, form.get("activation", "squaredRelu"))
    return w.norm("norm", tokens) if form.get("finalNorm", True) else tokens


FORMS = {
    "gated.plain": {},
    "gated.vanilla": {"kind": "vanilla"},
    "gated.attend-all": {"attend": "all"},
    "gated.vector": {"gate": "vector", "activation": "gelu"},
    "gated.ungated": {"gate": "none"},
    "gated.qk-norm": {"qkNorm": True},
    "gated.no-visual-norm": {"visualNorm": False, "activation": "relu"},
    "gated.rms-swiglu": {"norm": "rms", "activation": "swiglu"},
    "resampler.plain": {},
    "resampler.mlp": {"kind": "mlp"},
    "resampler.transformer": {"kind": "transformer"},
    "resampler.qk-norm": {"qkNorm": True, "activation": "relu"},
    "resampler.bare": {"frames": 0, "finalNorm": False, "activation": "gelu"},
}

text = normal(len(LAST_MEDIA), WIDTH)
visual = normal(MEDIA, LATENTS, VISUAL)
features = normal(MEDIA, FRAMES, PATCHES, VISUAL)
tensors = {"inputs.text": text, "inputs.visual": visual, "inputs.features": features}
for name, form in FORMS.items():
    w = Weights()
    if name.startswith("gated"):
        result = gated(w, text, visual, form)
    else:
        result = torch.stack([resampled(w, medium, form) for medium in features])
    weights = normal(*result.shape)
    (result * weights).sum().backward()
    tensors[f"inputs.{name}.weights"] = weights
    tensors[f"outputs.{name}"] = result
    for path, value in w.items():
        tensors[f"weights.{name}.{path.removeprefix('.')}"] = value
        tensors[f"gradients.{name}.{path.removeprefix('.')}"] = value.grad
save(
    "variants",
    tensors,
    {
        "reference": "arXiv:2204.14198, tables 3 and 10, transcribed",
        "seed": SEED,
        "lastMedia": LAST_MEDIA,
        "forms": FORMS,
        "sizes": {"heads": HEADS, "headDim": HEAD, "hidden": HIDDEN, "latents": LATENTS, "layers": LAYERS, "frames": TIMES},
    },
)
