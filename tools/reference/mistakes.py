"""
What OpenFlamingo's gated block does where it is wrong, for tests that say which mistakes ours does not share: text before
the first picture when all previous pictures are attended, more tags than pictures, and a batch in which one row writes
`<image>`.

    pip install -r tools/reference/requirements.txt
    python tools/reference/mistakes.py FOLDER   # a checkout; writes test/fixtures/openflamingo-mistakes.safetensors
"""
import sys
import types

import torch

from fixture import save, spread

sys.path.insert(0, sys.argv[1])
sys.modules["open_clip"] = types.ModuleType("open_clip")
from open_flamingo.src.helpers import GatedCrossAttentionBlock  # noqa: E402

SEED = 2309
WIDTH, VISUAL, LATENTS, HEADS, HEAD = 8, 6, 3, 2, 4
generator = torch.Generator().manual_seed(SEED)
sizes = {"dim": WIDTH, "dim_visual": VISUAL, "dim_head": HEAD, "heads": HEADS, "ff_mult": 2}
last = GatedCrossAttentionBlock(**sizes).eval()
spread(last, generator, gain=2.0)
every = GatedCrossAttentionBlock(**sizes, only_attend_immediate_media=False).eval()
every.load_state_dict(last.state_dict())

text = torch.randn(2, 6, WIDTH, generator=generator)
media = torch.randn(2, 2, LATENTS, VISUAL, generator=generator)
tags = torch.tensor([[0, 1, 0, 1, 0, 0], [0, 0, 1, 0, 0, 0]], dtype=torch.bool)
surplus = torch.tensor([[1, 0, 1, 0, 1, 0], [1, 1, 1, 0, 0, 0]], dtype=torch.bool)
# The prompt as above; then the first row writes a tag of its own, and the second a word.
step = torch.randn(2, 1, WIDTH, generator=generator)
written = torch.tensor([[True], [False]])
with torch.no_grad():
    outputs = {
        "right": last(text, media, tags),
        "all": every(text, media, tags),
        "surplus": last(text, media, surplus),
        "flag": last(step, media, written),
        "no flag": last(step, media, tags, use_cached_media=True),
    }
save(
    "openflamingo-mistakes",
    {
        **{f"weights.{name}": value for name, value in last.state_dict().items()},
        "inputs.text": text,
        "inputs.media": media,
        "inputs.step": step,
        **{f"outputs.{name}": value for name, value in outputs.items()},
    },
    {
        "reference": "mlfoundations/open_flamingo 655f693fbfa04cd6e9a987d960654624d48917cf",
        "seed": SEED,
        "sizes": sizes,
        "lastMedia": tags.cumsum(1).tolist(),
        "surplus": surplus.cumsum(1).tolist(),
    },
)
