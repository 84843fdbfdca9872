"""How the reference programs write their numbers: JSON of `{name: {shape, data}}`, nine digits, as float32 needs."""
import json
from pathlib import Path

import torch

FIXTURES = Path(__file__).resolve().parents[2] / "test" / "fixtures"


def numbers(tensor: torch.Tensor) -> dict:
    flat = tensor.detach().to(torch.float64).reshape(-1).tolist()
    return {"shape": list(tensor.shape), "data": [float(f"{x:.9g}") for x in flat]}


def write(name: str, about: str, content: dict) -> None:
    FIXTURES.mkdir(parents=True, exist_ok=True)
    path = FIXTURES / f"{name}.json"
    path.write_text(json.dumps({"about": f"{about} PyTorch {torch.__version__.split('+')[0]}.", **content}) + "\n")
    print(f"{path}: {path.stat().st_size} bytes")
