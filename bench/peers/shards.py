"""Reading shards and preparing pictures in Python: one JSON line says what this is, then one for every line it is given.

    python shards.py read TAR...      the records of tars, by webdataset: their JSON parsed, their pictures as bytes
    python shards.py prepare TAR      one tar's pictures: Pillow decodes, torchvision resizes, flips, jitters and normalises
"""
import json
import sys
import time


def reading(paths):
    import webdataset

    def turn():
        records = 0
        size = 0
        for sample in webdataset.WebDataset(paths, shardshuffle=False):
            record = json.loads(sample["json"])
            records += 1
            size += sum(len(sample[name]) for medium in record["media"] for name in medium["files"])
        return records, size

    return f"webdataset {webdataset.__version__}", turn


def preparing(path):
    import io
    import tarfile

    import PIL
    import torch
    import torchvision
    from PIL import Image
    from torchvision.transforms import v2

    torch.set_num_threads(1)
    with tarfile.open(path) as tar:
        pictures = [tar.extractfile(member).read() for member in tar if member.name.endswith(".jpg")]
    size = 320

    class Pad(torch.nn.Module):
        """The whole picture in a square, as large as fits."""

        def forward(self, picture):
            width, height = picture.size
            scale = size / max(width, height)
            width, height = round(width * scale), round(height * scale)
            picture = v2.functional.resize(picture, [height, width], v2.InterpolationMode.BICUBIC, antialias=True)
            left, top = (size - width) // 2, (size - height) // 2
            return v2.functional.pad(picture, [left, top, size - width - left, size - height - top], fill=[122, 116, 104])

    prepare = v2.Compose([
        Pad(),
        v2.RandomHorizontalFlip(0.5),
        v2.ColorJitter(0.1, 0.1, 0.1, 0.02),
        v2.ToImage(),
        v2.ToDtype(torch.float32, scale=True),
        v2.Normalize([0.481, 0.458, 0.408], [0.269, 0.261, 0.276]),
    ])

    def turn():
        total = 0.0
        for picture in pictures:
            total += prepare(Image.open(io.BytesIO(picture)).convert("RGB"))[0, 0, 0].item()
        return len(pictures), total

    return f"Pillow {PIL.__version__}, torchvision {torchvision.__version__}, one thread", turn


name, turn = {"read": lambda: reading(sys.argv[2:]), "prepare": lambda: preparing(sys.argv[2])}[sys.argv[1]]()
print(json.dumps({"name": name}), flush=True)
for _ in sys.stdin:
    began = time.perf_counter()
    records, _ = turn()
    print(json.dumps({"milliseconds": (time.perf_counter() - began) * 1000, "records": records}), flush=True)
