"""
The Perceiver Resampler and one GATED XATTN-DENSE block in PyTorch, written from the paper's description (arXiv
2204.14198, sections 2.1 to 2.3 and A.1) to be compared with ours: float64, gradients by PyTorch's own autograd, and no
cleverness. Every token attends, in a loop, to the visual tokens of its own medium, and of no other; a token without a
medium reads zeros.

    pip install torch numpy && python tools/reference/gated.py      # writes test/fixtures/gated.json
"""
import math

import torch
import torch.nn.functional as F

from write import numbers, write

SEED = 2204
WIDTH, HEADS, HIDDEN, VISION_WIDTH = 8, 2, 12, 6
LATENTS, LAYERS, TIMES = 3, 2, 4
BATCH, MEDIA, FRAMES, PATCHES = 2, 2, 3, 4
LAST_MEDIA = [[0, 1, 1, 2, 2, 2, 2], [0, 0, 0, 1, 1, 1, 2]]

generator = torch.Generator().manual_seed(SEED)
parameters: dict[str, torch.Tensor] = {}


def normal(*shape: int, deviation: float = 1.0) -> torch.Tensor:
    """Normal numbers that float32 holds exactly, in float64."""
    return (torch.randn(shape, generator=generator) * deviation).to(torch.float32).to(torch.float64)


def parameter(path: str, *shape: int, deviation: float, centre: float = 0.0) -> torch.Tensor:
    value = (normal(*shape, deviation=deviation) + centre).to(torch.float32).to(torch.float64)
    parameters[path] = value.requires_grad_()
    return parameters[path]


class Norm:
    def __init__(self, path: str, width: int):
        self.gain = parameter(f"{path}.gain", width, deviation=0.3, centre=1.0)
        self.offset = parameter(f"{path}.offset", width, deviation=0.3)

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        return F.layer_norm(x, (x.shape[-1],), self.gain, self.offset, eps=1e-5)


class Linear:
    """Weight [in, out], no offset."""

    def __init__(self, path: str, inputs: int, outputs: int):
        self.weight = parameter(f"{path}.weight", inputs, outputs, deviation=1 / math.sqrt(inputs))

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        return x @ self.weight


class FeedForward:
    def __init__(self, path: str):
        self.norm = Norm(f"{path}.norm", WIDTH)
        self.up = Linear(f"{path}.up", WIDTH, HIDDEN)
        self.down = Linear(f"{path}.down", HIDDEN, WIDTH)

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        return self.down(F.relu(self.up(self.norm(x))) ** 2)


def attention(query: torch.Tensor, key: torch.Tensor, value: torch.Tensor) -> torch.Tensor:
    """[queries, width], [keys, width], [keys, width] to [queries, width], head by head."""
    size = WIDTH // HEADS
    heads = []
    for head in range(HEADS):
        own = slice(head * size, (head + 1) * size)
        scores = query[:, own] @ key[:, own].T / math.sqrt(size)
        heads.append(torch.softmax(scores, dim=-1) @ value[:, own])
    return torch.cat(heads, dim=-1)


class Resampler:
    def __init__(self, path: str):
        self.project = Linear(f"{path}.project", VISION_WIDTH, WIDTH)
        self.time = parameter(f"{path}.time", TIMES, WIDTH, deviation=0.5)
        self.latents = parameter(f"{path}.latents", LATENTS, WIDTH, deviation=1.0)
        self.layers = []
        for i in range(LAYERS):
            at = f"{path}.layers.{i}"
            layer = {"media": Norm(f"{at}.normMedia", WIDTH), "latents": Norm(f"{at}.normLatents", WIDTH)}
            for name in ("query", "key", "value", "output"):
                layer[name] = Linear(f"{at}.{name}", WIDTH, WIDTH)
            layer["feed forward"] = FeedForward(f"{at}.feedForward")
            self.layers.append(layer)
        self.norm = Norm(f"{path}.norm", WIDTH)

    def __call__(self, features: torch.Tensor) -> torch.Tensor:
        """One medium: [frames, patches, vision width] to [latents, width]."""
        frames = features.shape[0]
        seen = (self.project(features) + self.time[:frames, None, :]).reshape(-1, WIDTH)
        x = self.latents
        for layer in self.layers:
            own = layer["latents"](x)
            both = torch.cat([layer["media"](seen), own])
            x = x + layer["output"](attention(layer["query"](own), layer["key"](both), layer["value"](both)))
            x = x + layer["feed forward"](x)
        return self.norm(x)


class GatedBlock:
    def __init__(self, path: str):
        self.norm = Norm(f"{path}.norm", WIDTH)
        self.norm_visual = Norm(f"{path}.normVisual", WIDTH)
        self.query, self.key, self.value, self.output = (
            Linear(f"{path}.{name}", WIDTH, WIDTH) for name in ("query", "key", "value", "output")
        )
        self.attention_gate = parameter(f"{path}.attentionGate", deviation=0.0, centre=0.7)
        self.dense_gate = parameter(f"{path}.denseGate", deviation=0.0, centre=-0.4)
        self.feed_forward = FeedForward(f"{path}.feedForward")

    def __call__(self, text: torch.Tensor, visual: torch.Tensor, last_media: list[int]) -> torch.Tensor:
        """One sequence: text [text, width], visual [media, latents, width], the number of each token's medium."""
        query = self.query(self.norm(text))
        seen = self.norm_visual(visual)
        read = []
        for token, medium in enumerate(last_media):
            if medium == 0:
                read.append(torch.zeros(WIDTH, dtype=torch.float64))
            else:
                own = seen[medium - 1]
                read.append(attention(query[token : token + 1], self.key(own), self.value(own))[0])
        text = text + torch.tanh(self.attention_gate) * self.output(torch.stack(read))
        return text + torch.tanh(self.dense_gate) * self.feed_forward(text)


resampler = Resampler("resampler")
block = GatedBlock("gated")
features = normal(BATCH * MEDIA, FRAMES, PATCHES, VISION_WIDTH).requires_grad_()
text = normal(BATCH, len(LAST_MEDIA[0]), WIDTH).requires_grad_()
weights = normal(BATCH, len(LAST_MEDIA[0]), WIDTH)

visual = torch.stack([resampler(medium) for medium in features])
grouped = visual.reshape(BATCH, MEDIA, LATENTS, WIDTH)
result = torch.stack([block(text[row], grouped[row], LAST_MEDIA[row]) for row in range(BATCH)])
(result * weights).sum().backward()

write(
    "gated",
    f"tools/reference/gated.py, seed {SEED}: values in float64, and gradients of sum(text * weights).",
    {
        "config": {
            "resampler": {"layers": LAYERS, "heads": HEADS, "hidden": HIDDEN, "latents": LATENTS, "frames": TIMES},
            "gated": {"before": [0], "heads": HEADS, "hidden": HIDDEN},
        },
        "lastMedia": LAST_MEDIA,
        "inputs": {"features": numbers(features), "text": numbers(text), "weights": numbers(weights)},
        "parameters": {path: numbers(value) for path, value in parameters.items()},
        "results": {"visual": numbers(visual), "result": numbers(result)},
        "gradients": {
            path: numbers(value.grad)
            for path, value in {**parameters, "features": features, "text": text}.items()
        },
    },
)
