"""
BERT by transformers, tiny and random: what comes behind the embeddings and every block, the mean over each text's own
tokens, that mean projected, and the slopes of one loss of it. Texts are padded behind their end with token 0.

    pip install -r tools/reference/requirements.txt
    python tools/reference/bert.py      # writes test/fixtures/bert.safetensors
"""
import torch
from transformers import BertConfig, BertModel

from fixture import save, spread

SEED = 1810
CONFIG = {
    "vocab_size": 30,
    "hidden_size": 24,
    "num_hidden_layers": 3,
    "num_attention_heads": 3,
    "intermediate_size": 40,
    "max_position_embeddings": 16,
    "type_vocab_size": 2,
}
LENGTHS, LENGTH, SPACE = [9, 4, 1], 9, 10
SLOPES = [
    "embeddings.word_embeddings.weight",
    "embeddings.position_embeddings.weight",
    "embeddings.token_type_embeddings.weight",
    "embeddings.LayerNorm.weight",
    "encoder.layer.0.attention.self.query.weight",
    "encoder.layer.1.attention.self.key.weight",
    "encoder.layer.1.attention.output.LayerNorm.bias",
    "encoder.layer.2.intermediate.dense.weight",
    "encoder.layer.2.output.dense.bias",
]

generator = torch.Generator().manual_seed(SEED)
model = BertModel(BertConfig(**CONFIG), add_pooling_layer=False).eval()
spread(model, generator)
tokens = torch.randint(1, CONFIG["vocab_size"], (len(LENGTHS), LENGTH), generator=generator)
real = (torch.arange(LENGTH)[None] < torch.tensor(LENGTHS)[:, None]).to(torch.int64)
tokens = tokens * real
projection = torch.randn(CONFIG["hidden_size"], SPACE, generator=generator) / CONFIG["hidden_size"] ** 0.5
loss = torch.randn(len(LENGTHS), SPACE, generator=generator)

result = model(input_ids=tokens, attention_mask=real, output_hidden_states=True)
mean = (result.last_hidden_state * real[..., None]).sum(1) / real.sum(1, keepdim=True)
projected = mean @ projection
(projected * loss).sum().backward()

tensors = {f"weights.{name}": value for name, value in model.named_parameters()}
tensors |= {"inputs.tokens": tokens, "inputs.projection": projection, "inputs.loss": loss}
# What stands at padding is nobody's business.
tensors |= {f"outputs.hidden.{i}": value * real[..., None] for i, value in enumerate(result.hidden_states)}
tensors |= {"outputs.mean": mean, "outputs.projected": projected}
named = dict(model.named_parameters())
tensors |= {f"gradients.{name}": named[name].grad for name in SLOPES}

with torch.device("meta"):
    mini = BertModel(
        BertConfig(hidden_size=256, num_hidden_layers=4, num_attention_heads=4, intermediate_size=1024),
        add_pooling_layer=False,
    )
    base = BertModel(BertConfig(), add_pooling_layer=False)
counts = {name: sum(value.numel() for value in bert.parameters()) for name, bert in {"MINI": mini, "BASE": base}.items()}
save("bert", tensors, {"seed": SEED, "config": CONFIG, "lengths": LENGTHS, "counts": counts})
