"""The peer of `npm run bench -- data`: trafilatura finds a page's main text, BeautifulSoup its images in order.

Reads lines of JSON {"url", "path"} for every page, then for each line "step" reads all pages once and prints
{"milliseconds", "pages", "words"}. One process, one thread; files are read before the clock starts.

    pip install trafilatura beautifulsoup4 lxml lxml_html_clean
"""

import json
import logging
import sys
import time
from importlib.metadata import version
from urllib.parse import urljoin

import trafilatura
from bs4 import BeautifulSoup

logging.disable(logging.CRITICAL)


def read(html: bytes, url: str) -> tuple[str, list[str]]:
    """Main text, and the addresses of the images in the order of the document."""
    text = trafilatura.extract(html, url=url, include_images=True, include_comments=False) or ""
    soup = BeautifulSoup(html, "lxml")
    images = [urljoin(url, image["src"]) for image in soup.find_all("img", src=True)]
    return text, images


def main() -> None:
    pages = []
    for page in json.loads(sys.stdin.readline()):
        with open(page["path"], "rb") as file:
            pages.append((file.read(), page["url"]))
    for html, url in pages[:50]:
        read(html, url)
    name = f"trafilatura {version('trafilatura')} + BeautifulSoup {version('beautifulsoup4')} (lxml {version('lxml')})"
    print(json.dumps({"name": name, "pages": len(pages)}), flush=True)
    for _ in sys.stdin:
        began = time.perf_counter()
        words = sum(len(read(html, url)[0].split()) for html, url in pages)
        print(json.dumps({"milliseconds": 1000 * (time.perf_counter() - began), "words": words}), flush=True)


if __name__ == "__main__":
    main()
