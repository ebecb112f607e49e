"""Check early that the contest's sample file goes with the classes, and say what will be written.

Reads catalog/classes.csv and the sample file; writes submission/form.json. A sample file that
cannot be filled in is refused here, before any training, and not after the last one.
"""

import argparse
import json
from pathlib import Path

from submission.form import Form, form_of
from zest.classes import read_classes
from zest.decoding import natural_thresholds
from zest.errors import run
from zest.files import write_json


def told(form: Form) -> dict:
    """Return what is written of a photo, for people: `columns`, `values` and `photos`.

    `columns` is the header, null where the sample file has none; `values` are the classes as they
    are written, or `probabilities`; `photos` is their number in the sample file, null without one.
    """
    columns = form.sample.columns if form.sample else form.columns
    return {
        "columns": columns,
        "values": form.names if form.order is None else "probabilities",
        "photos": len(form.sample.ids) if form.sample else None,
    }


def main() -> None:
    """Find out the form as the submission will, and write it down."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cfg", required=True, help="JSON: data and submission, the keys it uses")
    parser.add_argument("--root", required=True, type=Path, help="the competition's folder")
    parser.add_argument("--classes", required=True, type=Path, help="catalog/classes.csv")
    parser.add_argument("--out", required=True, type=Path, help="form.json, written")
    args = parser.parse_args()
    cfg = json.loads(args.cfg)

    classes = read_classes(args.classes)
    # Fitted thresholds are known after the training only; whether any fit the form, does not
    # depend on their values.
    chooses = cfg["submission"]["decode"] != "argmax"
    form = form_of(cfg, args.root, classes, natural_thresholds(len(classes)) if chooses else None)
    write_json(args.out, told(form))
    print(f"the sample file goes with the {len(classes)} classes: {args.out}", flush=True)


if __name__ == "__main__":
    run(main)
