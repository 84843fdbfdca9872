"""
What the reference code makes of small pictures before it normalises them: open_clip's transform, transformers' image
processors of CLIP and IDEFICS, and Pillow alone for the paper's. Pillow is one before 13, as when
these models were trained: since then it does the cheaper of its two passes first, and tall pictures come out otherwise.

    pip install -r tools/reference/requirements.txt
    python tools/reference/preprocess.py      # writes test/fixtures/preprocess.json
"""
import base64
import io
import json
import math
from importlib.metadata import version
from pathlib import Path

import numpy as np
from PIL import Image
from open_clip.transform import image_transform
from torchvision.transforms import Compose
from transformers import CLIPImageProcessor
from transformers.models.idefics.image_processing_idefics import IdeficsImageProcessor, convert_to_rgb

FIXTURE = Path(__file__).resolve().parents[2] / "test" / "fixtures" / "preprocess.json"
SEED = 2204
SIZE = 16

draw = np.random.default_rng(SEED)


def photo(width: int, height: int, channels: int = 3) -> np.ndarray:
    """A smooth gradient with noise and a hard edge, so that every tap of a kernel matters."""
    y, x = np.mgrid[0:height, 0:width]
    planes = [127 + 120 * np.sin(x / (2.0 + c) + y / (3.0 + c) + c) for c in range(channels)]
    picture = np.stack(planes, axis=-1) + draw.normal(0, 25, (height, width, channels))
    picture[height // 2 :, width // 2 :] = 255 - picture[height // 2 :, width // 2 :]
    return np.clip(np.round(picture), 0, 255).astype(np.uint8)


def png(image: Image.Image) -> bytes:
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


def pictures() -> dict[str, Image.Image]:
    rgb = {
        f"{width} x {height}": Image.fromarray(photo(width, height))
        for width, height in [(37, 23), (23, 37), (5, 4), (1, 9), (16, 16), (19, 16), (16, 19), (33, 32), (40, 40), (61, 7)]
    }
    palette = Image.fromarray(photo(25, 18)).quantize(24)
    wide_grey = (photo(21, 30, 1)[..., 0].astype(np.uint16) << 8) | draw.integers(0, 256, (30, 21)).astype(np.uint16)
    return {
        **rgb,
        "grey": Image.fromarray(photo(18, 27, 1)[..., 0]),
        "palette": palette,
        "RGBA": Image.fromarray(photo(21, 30, 4), "RGBA"),
        "grey and alpha": Image.fromarray(photo(27, 20, 2), "LA"),
        "16-bit grey": Image.fromarray(wide_grey),
    }


def on_white(image: Image.Image) -> Image.Image:
    """8-bit colour: sixteen bits cut to eight, transparent parts on white."""
    if image.mode == "I;16":
        image = Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
    return convert_to_rgb(image)


def padded(image: Image.Image) -> Image.Image:
    """The paper's: the longer side fitted, the rest around it black, which stands for the mean here."""
    long, short = max(image.size), min(image.size)
    other = max(1, math.floor(SIZE * short / long + 0.5))
    size = (SIZE, other) if image.width >= image.height else (other, SIZE)
    square = Image.new("RGB", (SIZE, SIZE))
    fitted = image.resize(size, Image.Resampling.BICUBIC)
    square.paste(fitted, ((SIZE - size[0]) // 2, (SIZE - size[1]) // 2))
    return square


def base64_of(pixels) -> str:
    array = np.asarray(pixels)
    assert array.dtype == np.uint8 and array.shape == (SIZE, SIZE, 3), (array.dtype, array.shape)
    return base64.b64encode(array.tobytes()).decode()


class Unscaled(IdeficsImageProcessor):
    """IDEFICS's, stopped before it scales and normalises."""

    def rescale(self, image, scale, **_):
        return image

    def normalize(self, image, mean, std, **_):
        return image


def main() -> None:
    resize, crop, to_rgb, *_ = image_transform(SIZE, is_train=False, interpolation="bicubic").transforms
    open_clip = Compose([resize, crop, to_rgb])
    clip = CLIPImageProcessor(
        size={"shortest_edge": SIZE}, crop_size=SIZE, do_rescale=False, do_normalize=False, do_convert_rgb=True
    )
    idefics = Unscaled(image_size=SIZE)
    rows = {}
    for name, image in pictures().items():
        rgb = on_white(image)
        transformed = clip(rgb, return_tensors="np", input_data_format="channels_last")["pixel_values"][0]
        squashed = idefics.preprocess([rgb if image.mode == "I;16" else image], return_tensors="np")[0]
        rows[name] = {
            "mode": image.mode,
            "width": image.width,
            "height": image.height,
            "png": base64.b64encode(png(image)).decode(),
            "open_clip": base64_of(open_clip(rgb)),
            "clip": base64_of(transformed.transpose(1, 2, 0).astype(np.uint8)),
            "idefics": base64_of(squashed.transpose(1, 2, 0).astype(np.uint8)),
            "paper": base64_of(padded(rgb)),
            # What open_clip's own order gives: it converts to RGB last.
            "converted last": base64_of(open_clip(image)),
        }
    packages = ["open_clip_torch", "pillow", "torchvision", "transformers"]
    about = ", ".join(f"{package} {version(package)}" for package in packages) + f", seed {SEED}"
    files = {
        "clip": json.loads(CLIPImageProcessor().to_json_string()),
        "idefics": json.loads(IdeficsImageProcessor().to_json_string()),
    }
    FIXTURE.write_text(json.dumps({"about": about, "size": SIZE, "files": files, "pictures": rows}) + "\n")
    print(f"{FIXTURE}: {FIXTURE.stat().st_size} bytes; {about}")


if __name__ == "__main__":
    main()
