"""
The language models of other people's code on tiny random weights, to be compared with ours: the residual stream before
and after every block, logits, gradients of a loss to the embedded tokens and to every parameter of the blocks, and 16
tokens chosen greedily. GPT-2, OPT, GPT-NeoX, LLaMA and MPT are those of transformers; MPT with norms of queries and keys,
clipping and several attentions is that of llm-foundry (tag v0.1.0), and under its older name and names of tensors
that of commit 331ff526ee7dbb9314e5c1ec9ca5dcb5fe16b1d2 of the same repository. Chinchilla's code is not public: it is
`chinchilla.py`, written from the papers.

    pip install -r tools/reference/requirements.txt
    git clone https://github.com/mosaicml/llm-foundry && cd llm-foundry
    git worktree add ../mpt v0.1.0 && git worktree add ../mosaic-gpt 331ff526ee7dbb9314e5c1ec9ca5dcb5fe16b1d2
    python tools/reference/language.py --mpt ../mpt --mosaic-gpt ../mosaic-gpt [CASE...]

writes test/fixtures/language-CASE.safetensors.
"""
import argparse
import importlib
import json
import sys
import types
from pathlib import Path

import torch
import transformers

from chinchilla import Chinchilla
from fixture import apart, save

SEED = 1711
VOCABULARY, BATCH, TEXT, PROMPT, CONTINUED = 40, 2, 9, 5, 16
#: The likeliest token must be ahead by this, or rounding could choose another.
MARGIN = 1e-3

arguments = argparse.ArgumentParser()
arguments.add_argument("--mpt", help="a checkout of llm-foundry at v0.1.0")
arguments.add_argument("--mosaic-gpt", help="a checkout of llm-foundry at 331ff526")
arguments.add_argument("cases", nargs="*")
options = arguments.parse_args()


def packages(root: str, *names: str) -> None:
    """Packages whose modules can be imported without running their own first file, which wants the whole trainer."""
    for name in names:
        package = types.ModuleType(name)
        package.__path__ = [str(Path(root, *name.split(".")))]
        sys.modules[name] = package


class Absent(types.ModuleType):
    """A module of a trainer that the model's file imports and its forward pass never calls."""

    __path__: list[str] = []

    def __getattr__(self, name: str):
        if name.startswith("__"):
            raise AttributeError(name)
        return torch.nn.LayerNorm if name == "LPLayerNorm" else type(name, (), {})


def absent(*names: str) -> None:
    for name in names:
        sys.modules[name] = Absent(name)


COMPOSER = [
    "composer",
    "composer.algorithms",
    "composer.algorithms.low_precision_layernorm",
    "composer.algorithms.low_precision_layernorm.low_precision_layernorm",
    "composer.metrics",
    "composer.metrics.nlp",
    "composer.models",
    "composer.models.base",
    "omegaconf",
]


def mpt_of_foundry(**config):
    if options.mpt is None:
        sys.exit("give --mpt, a checkout of llm-foundry at v0.1.0")
    absent(*COMPOSER, "llmfoundry.models.utils")
    packages(options.mpt, "llmfoundry", "llmfoundry.models", "llmfoundry.models.mpt")
    for name in ["adapt_tokenizer", "hf_prefixlm_converter", "meta_init_context", "param_init_fns"]:
        absent(f"llmfoundry.models.utils.{name}")
    sys.modules["llmfoundry.models.utils.param_init_fns"].generic_param_init_fn_ = lambda *_, **__: None
    sys.modules["llmfoundry.models.utils.param_init_fns"].MODEL_INIT_REGISTRY = Silent()
    modeling = importlib.import_module("llmfoundry.models.mpt.modeling_mpt")
    configuration = importlib.import_module("llmfoundry.models.mpt.configuration_mpt")
    return modeling.MPTForCausalLM(configuration.MPTConfig(**config))


def mosaic_gpt(**config):
    if options.mosaic_gpt is None:
        sys.exit("give --mosaic-gpt, a checkout of llm-foundry at 331ff526")
    root = "examples.llm.src.models"
    absent(*COMPOSER, f"{root}.utils")
    packages(options.mosaic_gpt, "examples", "examples.llm", "examples.llm.src", root, f"{root}.mosaic_gpt", f"{root}.layers")
    sys.modules[f"{root}.utils"].MODEL_INIT_REGISTRY = Silent()
    modeling = importlib.import_module(f"{root}.mosaic_gpt.mosaic_gpt")
    configuration = importlib.import_module(f"{root}.mosaic_gpt.configuration_mosaic_gpt")
    return modeling.MosaicGPT(configuration.MosaicGPTConfig(**config))


class Silent(dict):
    """Initialisations by name, none of which does anything: all weights are drawn below."""

    def __missing__(self, name: str):
        return lambda **_: None


def of_transformers(kind: str):
    def make(**config):
        made = getattr(transformers, f"{kind}Config")(**config)
        made._attn_implementation = "eager"
        return getattr(transformers, f"{kind}ForCausalLM" if kind != "GPT2" else "GPT2LMHeadModel")(made)

    return make


GPT2 = dict(vocab_size=VOCABULARY, n_positions=48, n_embd=16, n_layer=2, n_head=4, n_inner=24)
OPT = dict(
    vocab_size=VOCABULARY,
    max_position_embeddings=48,
    hidden_size=16,
    num_hidden_layers=2,
    num_attention_heads=4,
    ffn_dim=24,
    word_embed_proj_dim=16,
)
NEOX = dict(
    vocab_size=VOCABULARY,
    max_position_embeddings=48,
    hidden_size=16,
    num_hidden_layers=2,
    num_attention_heads=2,
    intermediate_size=24,
)
LLAMA = dict(
    vocab_size=VOCABULARY,
    max_position_embeddings=48,
    hidden_size=16,
    num_hidden_layers=2,
    num_attention_heads=4,
    intermediate_size=24,
)
MPT = dict(vocab_size=VOCABULARY, max_seq_len=48, d_model=16, n_layers=2, n_heads=4)
CLIPPED = dict(attn_impl="torch", qk_ln=True, clip_qkv=0.8, softmax_scale=0.4, alibi=True, alibi_bias_max=4)
FEW = dict(attn_impl="torch", attn_type="multiquery_attention", alibi=False)

#: By case: the type its configuration names, how the model is made, and the configuration.
CASES = {
    "gpt2": ("gpt2", of_transformers("GPT2"), GPT2),
    "opt": ("opt", of_transformers("OPT"), OPT),
    "opt-350m": ("opt", of_transformers("OPT"), {**OPT, "word_embed_proj_dim": 8, "do_layer_norm_before": False}),
    "gpt-neox-parallel": ("gpt_neox", of_transformers("GPTNeoX"), {**NEOX, "rotary_pct": 0.5}),
    "gpt-neox-sequential": (
        "gpt_neox",
        of_transformers("GPTNeoX"),
        {**NEOX, "rotary_pct": 1.0, "use_parallel_residual": False},
    ),
    "llama": ("llama", of_transformers("Llama"), LLAMA),
    "llama-grouped": (
        "llama",
        of_transformers("Llama"),
        {**LLAMA, "num_key_value_heads": 2, "head_dim": 6, "attention_bias": True, "rope_theta": 500.0},
    ),
    "mpt": ("mpt", of_transformers("Mpt"), {**MPT, "no_bias": True, "attn_config": {"alibi": True}}),
    "mpt-clipped": (
        "mpt",
        mpt_of_foundry,
        {**MPT, "d_model": 18, "n_heads": 3, "logit_scale": "inv_sqrt_d_model", "attn_config": CLIPPED},
    ),
    "mpt-multiquery": ("mpt", mpt_of_foundry, {**MPT, "expansion_ratio": 2, "no_bias": True, "attn_config": FEW}),
    "mosaic-gpt": (
        "mosaic_gpt",
        mosaic_gpt,
        {**MPT, "mlp_ratio": 2, "attn_impl": "torch", "attn_qk_ln": True, "alibi": True, "no_bias": True},
    ),
    "chinchilla": ("chinchilla", Chinchilla, dict(vocabulary=VOCABULARY, width=16, layers=2, heads=2, hidden=24)),
}


def blocks_of(model: torch.nn.Module) -> torch.nn.ModuleList:
    """The list of the decoder's blocks: the only one of a tiny model that holds modules of its own."""
    return next(module for module in model.modules() if isinstance(module, torch.nn.ModuleList))


def draw(model: torch.nn.Module, generator: torch.Generator) -> None:
    """Weights so large that no part of a block is nearly linear or nearly nothing; gains near 1."""
    for name, parameter in model.named_parameters():
        numbers = torch.randn(parameter.shape, generator=generator)
        if parameter.ndim == 1:
            gain = name.endswith("weight") or name.endswith("gain")
            parameter.data = 0.3 * numbers + (1.0 if gain else 0.0)
        else:
            parameter.data = numbers * 1.2 / parameter.shape[-1] ** 0.5


def first(output):
    return output[0] if isinstance(output, tuple) else output


def record(case: str) -> None:
    kind, make, config = CASES[case]
    generator = torch.Generator().manual_seed(SEED)
    model = make(**config).eval()
    draw(model, generator)
    logits_of = lambda tokens: (lambda out: getattr(out, "logits", out))(model(tokens))
    tokens = torch.randint(3, VOCABULARY, (BATCH, TEXT), generator=generator)
    weights = torch.randn(BATCH, TEXT, VOCABULARY, generator=generator)

    streams: list[torch.Tensor] = []
    blocks = blocks_of(model)

    def entering(_module, given, named):
        stream = given[0] if given else named["hidden_states"]
        stream.retain_grad()
        streams.append(stream)

    hooks = [blocks[0].register_forward_pre_hook(entering, with_kwargs=True)]
    hooks += [block.register_forward_hook(lambda _m, _in, out: streams.append(first(out))) for block in blocks]
    logits = logits_of(tokens)
    for hook in hooks:
        hook.remove()
    (logits * weights).sum().backward()

    chosen = tokens[:, :PROMPT]
    with torch.no_grad():
        for _ in range(CONTINUED):
            last = logits_of(chosen)[:, -1]
            assert apart(*last) > MARGIN, f"{case}: the two likeliest tokens are {apart(*last)} apart; take another seed"
            chosen = torch.cat([chosen, last.argmax(dim=-1, keepdim=True)], dim=1)

    tensors = {"inputs.tokens": tokens, "inputs.weights": weights}
    tensors |= {f"outputs.stream.{depth}": stream.detach() for depth, stream in enumerate(streams)}
    tensors |= {"outputs.logits": logits.detach(), "outputs.greedy": chosen[:, PROMPT:]}
    tensors |= {"gradients.stream.0": streams[0].grad}
    for name, parameter in model.named_parameters():
        tensors[f"weights.{name}"] = parameter.detach()
        if parameter.ndim == 1 or parameter.shape[0] != VOCABULARY:
            tensors[f"gradients.{name}"] = parameter.grad
    said = {"chinchilla": "chinchilla.py", "mosaic_gpt": "llm-foundry 331ff526ee7dbb9314e5c1ec9ca5dcb5fe16b1d2"}
    reference = "llm-foundry v0.1.0" if make is mpt_of_foundry else f"transformers {transformers.__version__}"
    saved = json.loads(model.config.to_json_string()) if hasattr(model, "config") else config
    facts = {"reference": said.get(kind, reference), "seed": SEED, "config": {**saved, "model_type": kind}}
    save(f"language-{case}", tensors, facts)


for case in options.cases or CASES:
    record(case)
