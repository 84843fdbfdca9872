"""
A few steps of PyTorch's AdamW, to be compared with ours.

    pip install torch numpy && python tools/reference/adamw.py      # writes test/fixtures/adamw.json
"""
import torch

from write import numbers, write

SEED = 1711
STEPS, COUNT = 6, 5
OPTIONS = {"beta1": 0.9, "beta2": 0.95, "epsilon": 1e-8, "weightDecay": 0.1}
RATES = [0.001, 0.002, 0.003, 0.003, 0.002, 0.001]

generator = torch.Generator().manual_seed(SEED)
start = torch.randn(COUNT, generator=generator)
gradients = [torch.randn(COUNT, generator=generator) * 10.0 ** (step - 3) for step in range(STEPS)]


def after_each_step(weight_decay: float) -> list[dict]:
    parameter = torch.nn.Parameter(start.clone().to(torch.float64))
    optimizer = torch.optim.AdamW(
        [parameter], betas=(OPTIONS["beta1"], OPTIONS["beta2"]), eps=OPTIONS["epsilon"], weight_decay=weight_decay
    )
    seen = []
    for gradient, rate in zip(gradients, RATES):
        for group in optimizer.param_groups:
            group["lr"] = rate
        parameter.grad = gradient.to(torch.float64)
        optimizer.step()
        seen.append(numbers(parameter))
    return seen


write(
    "adamw",
    f"tools/reference/adamw.py, seed {SEED}: a parameter in float64 after each step.",
    {
        "options": OPTIONS,
        "rates": RATES,
        "start": numbers(start),
        "gradients": [numbers(gradient) for gradient in gradients],
        "decaying": after_each_step(OPTIONS["weightDecay"]),
        "notDecaying": after_each_step(0.0),
    },
)
