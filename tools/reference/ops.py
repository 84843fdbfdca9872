"""
Ops whose conventions people get wrong, in PyTorch, float64, with PyTorch's own gradients of sum(result * weights): to be
compared with ours. Pictures are [pictures, height, width, channels] and weights [taps, channels in, channels out] in the
fixture, as ours are, and PyTorch's own order here.

    pip install torch numpy && python tools/reference/ops.py      # writes test/fixtures/ops.json
"""
import torch
import torch.nn.functional as F

from write import numbers, write

generator = torch.Generator().manual_seed(1606)


def normal(*shape: int) -> torch.Tensor:
    """Normal numbers that float32 holds exactly, in float64."""
    return torch.randn(shape, generator=generator).to(torch.float32).to(torch.float64)


def whole(*shape: int, below: int) -> torch.Tensor:
    return torch.randint(below, shape, generator=generator).to(torch.float64)


cases: dict[str, dict] = {}


def case(name: str, inputs: list[torch.Tensor], f, *, slopes: bool = True) -> None:
    """Result of f on the inputs, and the gradient for each of them."""
    leaves = [x.clone().requires_grad_(slopes) for x in inputs]
    result = f(*leaves)
    kept = {"inputs": [numbers(x) for x in inputs], "result": numbers(result.to(torch.float64))}
    if slopes:
        weights = normal(*result.shape)
        (result * weights).sum().backward()
        kept["weights"] = numbers(weights)
        kept["gradients"] = [numbers(x.grad) for x in leaves]
    cases[name] = kept


def first(x: torch.Tensor) -> torch.Tensor:
    """Channels last to channels first."""
    return x.movedim(-1, 1)


def last(x: torch.Tensor) -> torch.Tensor:
    return x.movedim(1, -1)


def kernel(weight: torch.Tensor, *sizes: int) -> torch.Tensor:
    """[taps, in, out] to [out, in, ..taps]."""
    return weight.permute(2, 1, 0).reshape(weight.shape[2], weight.shape[1], *sizes)


# Points on both sides of 0, and far from it.
wide = torch.cat([torch.linspace(-6, 6, 13, dtype=torch.float64), torch.tensor([-30.0, 30.0], dtype=torch.float64)])
case("gelu", [wide], F.gelu)
case("geluTanh", [wide], lambda x: F.gelu(x, approximate="tanh"))
case("quickGelu", [wide], lambda x: x * torch.sigmoid(1.702 * x))
case("silu", [wide], F.silu)
case("softplus", [wide], F.softplus)
case("squaredRelu", [wide], lambda x: F.relu(x) ** 2)

logits = normal(6, 5)
targets = [2, -100, 0, 4, -100, 1]
for smoothing in (0.0, 0.1):
    for reduction in ("none", "mean"):
        case(
            f"crossEntropy {smoothing} {reduction}",
            [logits],
            lambda x: F.cross_entropy(
                x, torch.tensor(targets), ignore_index=-100, label_smoothing=smoothing, reduction=reduction
            ),
        )

picture = normal(2, 5, 4, 6)
gain, offset = normal(6), normal(6)
case("groupNorm", [picture, gain, offset], lambda x, g, o: last(F.group_norm(first(x), 3, g, o, eps=1e-5)))
case("layerNorm", [normal(3, 6), gain, offset], lambda x, g, o: F.layer_norm(x, (6,), g, o, eps=1e-5))
case("rmsNorm", [normal(3, 6), gain], lambda x, g: F.rms_norm(x, (6,), g, eps=1e-5))

case(
    "convolve 3 x 2, two groups, strides 2 and 1, dilations 1 and 2",
    [picture, normal(6, 3, 4)],
    lambda x, w: last(F.conv2d(first(x), kernel(w, 3, 2), stride=(2, 1), padding=(1, 2), dilation=(1, 2), groups=2)),
)
case(
    "convolve depthwise, stride 2",
    [picture, normal(9, 1, 6)],
    lambda x, w: last(F.conv2d(first(x), kernel(w, 3, 3), stride=2, padding=1, groups=6)),
)
case(
    "convolve along one axis, dilation 2",
    [normal(2, 7, 3), normal(3, 3, 2)],
    lambda x, w: last(F.conv1d(first(x), kernel(w, 3), dilation=2)),
)
case(
    "averagePool, border not counted",
    [picture],
    lambda x: last(F.avg_pool2d(first(x), 3, stride=2, padding=1, count_include_pad=False)),
)
case("averagePool", [picture], lambda x: last(F.avg_pool2d(first(x), 2)))
case("maxPool", [picture], lambda x: last(F.max_pool2d(first(x), 3, stride=2, padding=1)))
case("maxPool of ties", [whole(1, 4, 4, 1, below=2)], lambda x: last(F.max_pool2d(first(x), 2)))

ties = whole(4, 7, below=3)
case("max of ties", [ties], lambda x: torch.amax(x, 1))
case("maximum of ties", [ties, whole(4, 7, below=3)], torch.maximum)
case("argMax of ties", [ties], lambda x: torch.argmax(x, 1), slopes=False)
case("topK", [normal(4, 7)], lambda x: torch.topk(x, 3, dim=1).values)
case("topK places", [normal(4, 7)], lambda x: torch.topk(x, 3, dim=0).indices, slopes=False)
running = normal(3, 5)
case("cumulativeSum", [running], lambda x: torch.cumsum(x, 1))
case("cumulativeSum from the end", [running], lambda x: torch.flip(torch.cumsum(torch.flip(x, [1]), 1), [1]))
case("cumulativeSum of those before", [running], lambda x: torch.cumsum(x, 1) - x)
case("logSumExp", [100 * normal(3, 4)], lambda x: torch.logsumexp(x, 1))
case("product with a zero", [torch.tensor([[1.0, 0, 3], [0, 2, 0], [1, 2, 3]], dtype=torch.float64)], lambda x: torch.prod(x, 1))
case("embedding, rows picked twice", [normal(4, 3)], lambda t: F.embedding(torch.tensor([1, 3, 1, 1]), t))

write("ops", "tools/reference/ops.py, seed 1606: results in float64, and gradients of sum(result * weights).", {"cases": cases})
