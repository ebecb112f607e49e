"""How much memory a photo takes while it is decoded and fitted, by its format: bytes a pixel.

Each photo is decoded in a process of its own, whose peak is compared with that of a process that
decodes a photo of few pixels. Noise is the hardest content; none of it is compressed away.
Run it in the environment:

    python benchmarks/decoding_memory.py [--megapixels N]
"""

import argparse
import io
import multiprocessing
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "scripts"))

import numpy as np
from PIL import Image

from deployment.speed import peak_memory
from zest.images import fit, load_rgb

SIZE = 224  # that the photos are fitted to
KINDS = {  # mode, format, options
    "JPEG": ("RGB", "JPEG", {"quality": 90}),
    "JPEG, progressive": ("RGB", "JPEG", {"quality": 90, "progressive": True}),
    "JPEG, CMYK": ("CMYK", "JPEG", {"quality": 90}),
    "PNG": ("RGB", "PNG", {"compress_level": 1}),
    "PNG, transparent": ("RGBA", "PNG", {"compress_level": 1}),
    "WebP": ("RGB", "WEBP", {"method": 0}),
    "WebP, transparent": ("RGBA", "WEBP", {"method": 0, "lossless": True}),
    "BMP": ("RGB", "BMP", {}),
    "GIF": ("P", "GIF", {}),
    "TIFF": ("RGB", "TIFF", {}),
}


def encoded(kind: str, pixels: int) -> bytes:
    """Return a square photo of noise in one of KINDS, of about so many pixels."""
    mode, name, options = KINDS[kind]
    side = round(pixels**0.5)
    noise = np.random.default_rng(0).integers(0, 256, (side, side, 4), np.uint8)
    made = io.BytesIO()
    Image.fromarray(noise, "RGBA").convert(mode).save(made, name, **options)
    return made.getvalue()


def peak(file: Path) -> int:
    """Return the most memory that this process held beside the file's bytes, in bytes."""
    data = file.read_bytes()
    fit(load_rgb(data, short_side=SIZE), SIZE, "crop")
    return peak_memory() - len(data)


def main() -> None:
    """Decode a large and a small photo of each kind, print what the pixels took."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--megapixels", type=float, default=16, help="of the large photo")
    args = parser.parse_args()
    pixels = round(args.megapixels * 1e6)
    apart = multiprocessing.get_context("spawn")
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "photo")
        for kind in KINDS:
            peaks = []
            for count in (10_000, pixels):
                file.write_bytes(encoded(kind, count))
                with apart.Pool(1) as pool:
                    peaks.append(pool.apply(peak, (file,)))
            print(f"{kind}: {(peaks[1] - peaks[0]) / pixels:.1f} bytes a pixel", flush=True)


if __name__ == "__main__":
    main()
