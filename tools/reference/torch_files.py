"""
Small files as PyTorch writes them, to be read by ours: both forms of `torch.save`, each pickle protocol, every format of
numbers, views, tied weights, a training checkpoint; and files that are to be refused. `expected.json` has the numbers.

    pip install torch numpy && python tools/reference/torch_files.py      # writes test/fixtures/torch/*
"""
import builtins
import copyreg
import json
import os
from collections import OrderedDict
from pathlib import Path

import numpy as np
import torch

FOLDER = Path(__file__).resolve().parents[2] / "test" / "fixtures" / "torch"
SEED = 2204
SHORT = {
    torch.float64: "F64", torch.float32: "F32", torch.float16: "F16", torch.bfloat16: "BF16", torch.int64: "I64",
    torch.int32: "I32", torch.int16: "I16", torch.int8: "I8", torch.uint8: "U8", torch.bool: "BOOL",
    torch.uint16: "U16", torch.uint32: "U32",
}

torch.manual_seed(SEED)
expected: dict[str, dict] = {}


def flat(value, path: str = "") -> dict[str, torch.Tensor]:
    if isinstance(value, torch.Tensor):
        return {path: value}
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, (list, tuple)) else ()
    return {k: t for key, item in items for k, t in flat(item, f"{path}.{key}" if path else f"{key}").items()}


def numbers(tensor: torch.Tensor) -> dict:
    """As float32, each in the shortest decimal form that is it and no other."""
    as_float = tensor.detach().to(torch.float32).reshape(-1).numpy()
    return {"dtype": SHORT[tensor.dtype], "shape": list(tensor.shape), "data": [float(str(x)) for x in as_float]}


def save(name: str, value, **how) -> None:
    torch.save(value, FOLDER / name, **how)
    expected[name] = {path: numbers(tensor) for path, tensor in flat(value).items()}


class Calls:
    """Pickled as the call of a function, which is made when the pickle is read by Python."""

    def __init__(self, function, *arguments):
        self.call = (function, arguments)

    def __reduce__(self):
        return self.call


class Made:
    pass


def formats() -> dict:
    some = torch.randn(3, 2)
    whole = torch.tensor([[-128, 127], [0, 5]])
    return {
        "float64": some.double(), "float32": some, "float16": some.half(), "bfloat16": some.bfloat16(),
        "int64": whole * 1000, "int32": whole.int(), "int16": whole.short(), "int8": whole.char(),
        "uint8": torch.tensor([0, 255], dtype=torch.uint8), "bool": torch.tensor([True, False, True]),
        "scalar": torch.tensor(0.5), "empty": torch.empty(0, 3),
    }


def views() -> OrderedDict:
    table = torch.randn(6, 4)
    block = torch.randn(2, 3, 4)
    state = OrderedDict()
    state["transposed"] = table.t()
    state["rows"] = table[2:5]
    state["column"] = table[:, 1]
    state["everySecond"] = table[::2, 1::2]
    state["permuted"] = block.permute(2, 0, 1)
    state["corner"] = block[1:, 1:, 2:]
    state["repeated"] = torch.randn(8)[:3].as_strided((2, 2), (1, 1))
    state["parameter"] = torch.nn.Parameter(torch.randn(3))
    marked = torch.nn.Parameter(torch.randn(2))
    marked.is_special = True
    state["marked"] = marked
    return state


def tied() -> dict:
    model = torch.nn.Module()
    model.embed = torch.nn.Embedding(5, 3)
    model.head = torch.nn.Linear(3, 5, bias=False)
    model.head.weight = model.embed.weight
    return model.state_dict()


def training() -> dict:
    model = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.LayerNorm(2))
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 1.0)
    model(torch.randn(4, 3)).sum().backward()
    optimizer.step()
    schedule.step()
    return {
        "epoch": 3,
        "model_state_dict": OrderedDict((f"module.{name}", value) for name, value in model.state_dict().items()),
        "optimizer_state_dict": optimizer.state_dict(),
        "lr_scheduler_state_dict": {**schedule.state_dict(), "best": np.float64(0.25), "seen": np.int64(7)},
    }


FOLDER.mkdir(parents=True, exist_ok=True)
save("zip.pt", formats())
save("legacy.pt", formats(), _use_new_zipfile_serialization=False)
for protocol in (3, 4, 5):
    save(f"zip-protocol-{protocol}.pt", views(), pickle_protocol=protocol)
    save(f"legacy-protocol-{protocol}.pt", views(), pickle_protocol=protocol, _use_new_zipfile_serialization=False)
save("views.pt", views())
save("views-legacy.pt", views(), _use_new_zipfile_serialization=False)
save("tied.pt", tied())
save("tied-legacy.pt", tied(), _use_new_zipfile_serialization=False)
save("training.pt", training())
save("training-legacy.pt", training(), _use_new_zipfile_serialization=False)
save("unsigned.pt", {"uint16": torch.tensor([1, 65535], dtype=torch.uint16),
                     "uint32": torch.tensor([1, 65536], dtype=torch.uint32)})

# To be refused. None does harm if it is read by Python after all.
refused = {
    "os-system.pt": {"weight": torch.ones(2), "evil": Calls(os.system, "true")},
    "eval.pt": {"weight": torch.ones(2), "evil": Calls(builtins.eval, "1 + 1")},
    "copyreg.pt": {"weight": torch.ones(2), "made": Made()},
    "module.pt": torch.nn.Linear(2, 1),
}
for name, value in refused.items():
    torch.save(value, FOLDER / name)
torch.save(refused["os-system.pt"], FOLDER / "os-system-legacy.pt", _use_new_zipfile_serialization=False)
copyreg.add_extension("__main__", "Made", 77)
torch.save({"made": Made}, FOLDER / "extension.pt")
hooked = torch.nn.Parameter(torch.ones(2))
torch.save({"weight": Calls(torch._utils._rebuild_parameter, hooked.data, True, {"hook": Calls(print, "hook")})},
           FOLDER / "hook.pt")
torch.save({"weight": torch.ones(1).expand(1000)}, FOLDER / "expanded.pt")
torch.save({"weight": torch.tensor([1j])}, FOLDER / "complex.pt")
torch.save({"weight": torch.eye(3).to_sparse()}, FOLDER / "sparse.pt")
torch.save({"weight": np.ones(3)}, FOLDER / "numpy.pt")
torch.jit.save(torch.jit.script(torch.nn.Linear(2, 1)), FOLDER / "torchscript.pt")
(FOLDER / "plain.pkl").write_bytes(__import__("pickle").dumps({"weight": [1.0, 2.0]}, protocol=4))

about = f"Written by tools/reference/torch_files.py with PyTorch {torch.__version__.split('+')[0]}, seed {SEED}."
(FOLDER / "expected.json").write_text(json.dumps({"about": about, "files": expected}) + "\n")
for path in sorted(FOLDER.iterdir()):
    print(f"{path.name}: {path.stat().st_size} bytes")
