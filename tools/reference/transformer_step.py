"""
The training step that `npm run bench -- speed` times, in PyTorch: a GPT of pre-norm blocks, clipping and AdamW in float32.

    pip install torch && python tools/reference/transformer_step.py 256 [--compile] [--small]

Prints a line of JSON about itself, and for every line `step` that it reads one more of how long a whole step took and the
loss before it. With --compile the loss goes through torch.compile, which needs a C++ compiler.
"""
import json
import math
import sys
import time

import torch
import torch.nn.functional as F
from torch import nn

THREADS, HEAD = 2, 64
small = "--small" in sys.argv
compiled = "--compile" in sys.argv
width = 64 if small else int(sys.argv[1])
LAYERS, VOCABULARY, BATCH, TEXT = (1, 64, 2, 16) if small else (6, 4096, 16, 128)

torch.set_num_threads(THREADS)
torch.manual_seed(1711)


def linear(inputs: int, outputs: int) -> nn.Linear:
    layer = nn.Linear(inputs, outputs, bias=False)
    nn.init.normal_(layer.weight, std=1 / math.sqrt(inputs))
    return layer


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.norm, self.norm_dense = nn.LayerNorm(width), nn.LayerNorm(width)
        self.query_key_value, self.output = linear(width, 3 * width), linear(width, width)
        self.up, self.down = linear(width, 4 * width), linear(4 * width, width)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        heads = self.query_key_value(self.norm(x)).view(BATCH, TEXT, 3, width // HEAD, HEAD)
        query, key, value = (part.transpose(1, 2) for part in heads.unbind(2))
        read = F.scaled_dot_product_attention(query, key, value, is_causal=True)
        x = x + self.output(read.transpose(1, 2).reshape(BATCH, TEXT, width))
        return x + self.down(F.gelu(self.up(self.norm_dense(x))))


class Transformer(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Parameter(torch.randn(VOCABULARY, width) * 0.02)
        self.positions = nn.Parameter(torch.randn(TEXT, width) * 0.02)
        self.blocks = nn.ModuleList(Block() for _ in range(LAYERS))
        self.norm = nn.LayerNorm(width)
        self.unembedding = linear(width, VOCABULARY)

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        x = F.embedding(tokens, self.embedding) + self.positions
        for block in self.blocks:
            x = block(x)
        return self.unembedding(self.norm(x))


model = Transformer()
optimizer = torch.optim.AdamW(
    model.parameters(), lr=1e-4, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.1, fused=True
)
chain = torch.arange(BATCH * TEXT + 1) * 7919 % VOCABULARY
tokens, targets = chain[:-1].view(BATCH, TEXT), chain[1:]


def loss_of_batch() -> torch.Tensor:
    return F.cross_entropy(model(tokens).view(-1, VOCABULARY), targets)


loss_function = torch.compile(loss_of_batch) if compiled else loss_of_batch


def step() -> float:
    optimizer.zero_grad(set_to_none=True)
    loss = loss_function()
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    return loss.item()


def say(line: dict) -> None:
    print(json.dumps(line), flush=True)


step()
say(
    {
        "name": "PyTorch, compiled" if compiled else "PyTorch",
        "version": torch.__version__.split("+")[0],
        "parameters": sum(parameter.numel() for parameter in model.parameters()),
        "threads": THREADS,
    }
)
for line in sys.stdin:
    if line.strip() == "step":
        start = time.perf_counter()
        loss = step()
        say({"milliseconds": (time.perf_counter() - start) * 1000, "loss": loss})
