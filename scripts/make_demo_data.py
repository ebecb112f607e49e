"""Render the built-in demo data: a competition folder in the layout of the lemon contest.

Reads nothing but its config. Writes under --out:

    train_images/train_0000.jpg ...   photos of lemons on a turntable
    test_images/test_0000.jpg ...
    train_images.csv                  id,class_num: a grade for each train photo
    sample_submit.csv                 id,class_num: every test photo, all 0
    classes.csv                       class_num,name: the four grades in order
    rendered.json                     the config and a fingerprint of the parts; marks the folder

The same config gives the same bytes, whatever the number of threads.
"""

import argparse
import json
import shutil
from functools import partial
from pathlib import Path

from demo.photo import encode_photo
from demo.plan import GRADES, Photo, plan_photos
from zest.errors import run
from zest.files import write_text
from zest.inventory import inventory
from zest.parallel import ordered_map
from zest.sources import DEMO_PARTS, RENDERED, check_demo_folder


def main() -> None:
    """Parse the arguments and render."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cfg", type=json.loads, required=True, help="the demo section, as JSON")
    parser.add_argument("--threads", type=int, default=1, help="processes that render (default: 1)")
    parser.add_argument("--out", type=Path, required=True, help="the competition folder to write")
    arguments = parser.parse_args()
    make_demo_data(arguments.cfg, arguments.threads, arguments.out)


def make_demo_data(cfg: dict, threads: int, out: Path) -> None:
    """Render the competition folder `out`: whole, or not at all.

    Raises:
        UserError: `out` holds something else than a former rendering, or the config asks for more
            near-duplicates than there are photos.
    """
    check_demo_folder(out)
    photos = plan_photos(cfg)
    # a fixed name: what a killed run left behind is cleared by the next one
    staging = out.parent / f".part-{out.name}"
    shutil.rmtree(staging, ignore_errors=True)
    try:
        for split in ("train", "test"):
            (staging / f"{split}_images").mkdir(parents=True)
        render_all(photos, cfg, staging, threads)
        write_tables(photos, staging)
        parts = {part: inventory(staging, names) for part, names in DEMO_PARTS.items()}
        record = {"cfg": cfg, **parts}
        write_text(staging / RENDERED, json.dumps(record, sort_keys=True) + "\n")
        move_into_place(staging, out)
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    print(f"{out}: {cfg['train_photos']} train and {cfg['test_photos']} test photos")


def render_all(photos: list[Photo], cfg: dict, folder: Path, threads: int) -> None:
    """Render every photo into `folder`, in `threads` processes."""
    task = partial(render_one, cfg=cfg, folder=folder)
    for _ in ordered_map(task, photos, len(photos), threads, "demo"):
        pass


def render_one(photo: Photo, cfg: dict, folder: Path) -> None:
    """Render one photo into its split's folder."""
    (folder / f"{photo.split}_images" / photo.name).write_bytes(encode_photo(photo, cfg))


def write_tables(photos: list[Photo], folder: Path) -> None:
    """Write the labels, the sample submission and the names of the classes."""
    labels = [f"{photo.name},{photo.label}" for photo in photos if photo.split == "train"]
    sample = [f"{photo.name},0" for photo in photos if photo.split == "test"]
    classes = [f"{number},{name}" for number, name in enumerate(GRADES)]
    for name, header, rows in (
        ("train_images.csv", "id,class_num", labels),
        ("sample_submit.csv", "id,class_num", sample),
        ("classes.csv", "class_num,name", classes),
    ):
        write_text(folder / name, "\n".join([header, *rows]) + "\n")


def move_into_place(staging: Path, out: Path) -> None:
    """Put the finished folder where the former one was, which goes last."""
    former = out.parent / f".old-{out.name}"
    shutil.rmtree(former, ignore_errors=True)
    if out.exists():
        out.rename(former)
    staging.rename(out)
    shutil.rmtree(former, ignore_errors=True)


if __name__ == "__main__":
    run(main)
