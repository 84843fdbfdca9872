"""
A decoder as Gopher and Chinchilla describe theirs (arXiv 2112.11446, section 2.1; arXiv 2203.15556, section 4.1): RMSNorm
before each half of a block and after the last, no offsets, GELU, the token table again as the head, and the relative
positions of Transformer-XL (arXiv 1901.02860, section 3.3) with a projection and two biases for each block. Written from
the papers to be compared with ours: every distance between two tokens has its own row of sinusoids, and nothing is
clever. Names of parameters are ours, matrices [in, out].
"""
import math

import torch
from torch import nn
from torch.nn import functional as F

EPSILON, BASE = 1e-6, 10000.0


def rms_norm(x: torch.Tensor, gain: torch.Tensor) -> torch.Tensor:
    return gain * x / torch.sqrt(x.pow(2).mean(-1, keepdim=True) + EPSILON)


def sinusoids(distances: torch.Tensor, width: int) -> torch.Tensor:
    """[..] to [.., width]: sines of all frequencies, then cosines."""
    frequencies = BASE ** (-torch.arange(0, width, 2) / width)
    angles = distances[..., None] * frequencies
    return torch.cat([angles.sin(), angles.cos()], dim=-1)


class Map(nn.Module):
    def __init__(self, inputs: int, outputs: int):
        super().__init__()
        self.weight = nn.Parameter(torch.empty(inputs, outputs))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x @ self.weight


class Norm(nn.Module):
    def __init__(self, width: int):
        super().__init__()
        self.gain = nn.Parameter(torch.empty(width))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return rms_norm(x, self.gain)


class Relative(nn.Module):
    def __init__(self, width: int):
        super().__init__()
        self.project = Map(width, width)
        self.content = nn.Parameter(torch.empty(width))
        self.distance = nn.Parameter(torch.empty(width))


class Attention(nn.Module):
    def __init__(self, width: int, heads: int):
        super().__init__()
        self.heads = heads
        self.query, self.key, self.value, self.output = (Map(width, width) for _ in range(4))
        self.relative = Relative(width)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        batch, text, width = x.shape
        size = width // self.heads
        by_head = lambda y: y.reshape(*y.shape[:-1], self.heads, size)
        query, key, value = by_head(self.query(x)), by_head(self.key(x)), by_head(self.value(x))
        places = torch.arange(text)
        distances = (places[:, None] - places[None, :]).clamp(min=0).to(torch.float32)
        rows = by_head(self.relative.project(sinusoids(distances, width)))
        content = query + by_head(self.relative.content)
        distance = query + by_head(self.relative.distance)
        scores = torch.einsum("bihd,bjhd->bhij", content, key) + torch.einsum("bihd,ijhd->bhij", distance, rows)
        later = places[None, :] > places[:, None]
        weights = torch.softmax((scores / math.sqrt(size)).masked_fill(later, float("-inf")), dim=-1)
        return self.output(torch.einsum("bhij,bjhd->bihd", weights, value).reshape(batch, text, width))


class FeedForward(nn.Module):
    def __init__(self, width: int, hidden: int):
        super().__init__()
        self.norm, self.up, self.down = Norm(width), Map(width, hidden), Map(hidden, width)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.down(F.gelu(self.up(self.norm(x))))


class Block(nn.Module):
    def __init__(self, width: int, heads: int, hidden: int):
        super().__init__()
        self.norm, self.attention, self.feedForward = Norm(width), Attention(width, heads), FeedForward(width, hidden)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        attended = x + self.attention(self.norm(x))
        return attended + self.feedForward(attended)


class Chinchilla(nn.Module):
    def __init__(self, vocabulary: int, width: int, layers: int, heads: int, hidden: int):
        super().__init__()
        self.embedding = nn.Parameter(torch.empty(vocabulary, width))
        self.blocks = nn.ModuleList(Block(width, heads, hidden) for _ in range(layers))
        self.norm = Norm(width)

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        stream = self.embedding[tokens]
        for block in self.blocks:
            stream = block(stream)
        return self.norm(stream) @ self.embedding.T
