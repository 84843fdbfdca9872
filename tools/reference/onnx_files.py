"""
Holds the .onnx files of a folder against ONNX's own checker, with its inference of types and shapes, and against ONNX
Runtime in Python: outputs must be those stored beside each file, in NAME.onnx.json.

    npm run programs && node build/tools/onnx-files.js build/onnx && node build/tools/onnx-ops.js build/onnx
    pip install onnx onnxruntime numpy && python tools/reference/onnx_files.py build/onnx
"""
import json
import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime

# Two builds of one engine may order a sum of a few hundred float32 products differently.
TOLERANCE = 1e-4


def arrays(tensors: dict) -> dict[str, np.ndarray]:
    return {
        name: np.array(tensor["data"], tensor["dtype"]).reshape(tensor["shape"]) for name, tensor in tensors.items()
    }


def custom_domains(path: Path) -> set[str]:
    model = onnx.load(path, load_external_data=False)
    return {node.domain for node in model.graph.node} - {"", "ai.onnx"}


def hold(path: Path) -> float:
    """Largest difference of an output, relative to that output's largest entry."""
    onnx.checker.check_model(str(path), full_check=True)
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    kept = json.loads(Path(f"{path}.json").read_text())
    wanted = arrays(kept["outputs"])
    found = dict(zip(wanted, session.run(list(wanted), arrays(kept["inputs"]))))
    assert {output.name for output in session.get_outputs()} == set(wanted)
    worst = 0.0
    for name, value in wanted.items():
        assert found[name].shape == value.shape, f"{path}: {name} is {found[name].shape}, not {value.shape}"
        assert found[name].dtype == value.dtype, f"{path}: {name} is {found[name].dtype}, not {value.dtype}"
        assert np.isfinite(value).all() and np.isfinite(found[name]).all(), f"{path}: {name} is not finite"
        theirs, ours = found[name].astype(np.float64), value.astype(np.float64)
        largest = max(1e-3, float(np.abs(ours).max(initial=0)))
        worst = max(worst, float(np.abs(theirs - ours).max(initial=0)) / largest)
    return worst


paths = sorted(Path(sys.argv[1]).glob("*.onnx"))
assert paths, f"no .onnx files in {sys.argv[1]}"
print(f"onnx {onnx.__version__}, onnxruntime {onnxruntime.__version__}")
for path in paths:
    difference = hold(path)
    others = ", ".join(sorted(custom_domains(path))) or "none"
    print(f"{path.name}: checked; largest relative difference {difference:.1e}; other domains: {others}")
    assert difference <= TOLERANCE, path
