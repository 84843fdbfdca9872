"""
Parquet as Apache Arrow writes it for Hugging Face's `datasets` and for OBELICS: lists of texts, structs of bytes and path,
dictionaries, pages of both versions, as snappy and zstd compress them.

    pip install pyarrow==26.0.1 pillow==13.0.0
    python tools/reference/parquet.py      # writes test/fixtures/parquet/*.parquet
"""
import io
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

FIXTURES = Path(__file__).resolve().parents[2] / "test" / "fixtures" / "parquet"
FIXTURES.mkdir(parents=True, exist_ok=True)


def grey(level: int) -> bytes:
    """A picture that is known again by its level."""
    file = io.BytesIO()
    Image.new("RGB", (8, 8), (level, level, level)).save(file, "PNG")
    return file.getvalue()


texts = pa.list_(pa.string())
image = pa.struct([("bytes", pa.binary()), ("path", pa.string())])

obelics = pa.table(
    {
        "images": pa.array([[None, "1.png", None, "2.png"], ["none.png", None], [], None], texts),
        "metadata": [json.dumps([None, {"src": "http://example.org/1.png", "alt_text": "one"}, None, {}])] * 4,
        "general_metadata": [json.dumps({"url": f"http://example.org/{n}"}) for n in range(4)],
        "texts": pa.array([["First.", None, "Zweitens é 漢 😀.", None], [None, "Text."], [], None], texts),
    }
)
pq.write_table(obelics, FIXTURES / "obelics.parquet", compression="zstd", row_group_size=2)

pictures = pa.table(
    {
        "image": pa.array(
            [{"bytes": grey(1), "path": "1.png"}, {"bytes": grey(2), "path": None}, {"bytes": None, "path": "3.png"}, None],
            image,
        ),
        "caption": pa.array([["a cat", "the cat"], ["é 漢 😀"], ["from a path"], ["nothing"]], texts),
        "hash": pa.array([2**60 + 1, 2, -3, 4], pa.int64()),
        "split": ["train"] * 4,
    }
)
pq.write_table(pictures, FIXTURES / "huggingface.parquet", compression="snappy", data_page_version="2.0")
