"""Write the page of a deployment: every export of every model, its score, size, time and parity.

Reads parity.json and speed.json of the deployed models; writes deploy/exports.csv and
deployment.html, one file that needs no network.
"""

import argparse
import json
import math
from collections.abc import Iterator
from pathlib import Path

from deployment.exports import exports_of, frontier, write_exports
from deployment.names import INT8, PADDLE_2
from deployment.proof import doubt
from deployment.section import exports_section
from zest.errors import run
from zest.files import write_text
from zest.metrics import LOWER_IS_BETTER, TITLES
from zest.page import render_page
from zest.page.section import Section
from zest.words import listed

TEMPLATE = Path(__file__).parent / "deployment" / "page" / "deployment.html.j2"
COMPARED = {
    "decode": "pixels of the photo's file, by Zest and by the program of the bundle",
    "resize": "the image that the network sees, by both",
    "normalise": "the network's input, by the training and by the graph",
    "network": "probabilities, by the training model and by ONNX Runtime",
    "quantise": "probabilities, by the training model and in INT8",
}
FILES = (  # with the path that the gate goes by them, where there may be none
    (None, "paddle/inference.json, .pdiparams", "Paddle Inference 3"),
    (
        *(PADDLE_2, "paddle/inference.pdmodel, .pdiparams"),
        "Paddle Inference 2, and Paddle Lite's converter",
    ),
    (None, "model.onnx", "ONNX Runtime, OpenVINO and others; photos in, probabilities out"),
    (INT8, "model_int8.onnx", "the same in 8 bits"),
    (None, "bundle.zip", "a device without Zest: model, program, card, notices, self-test"),
    (None, "MODEL_CARD.md", "people: what the model is, how good, and where its limits are"),
)


def parity_section(parities: dict[str, dict], metric: str) -> Section:
    """Return how far each path lies from the training model."""
    paths, largest = [], {}
    for model, parity in parities.items():
        for path in parity["paths"]:
            loss = path["loss"] if parity["is_scored"] else None
            paths.append(
                {
                    "model": model,
                    "path": path["path"],
                    "difference": f"{path['max_difference']:.1e}",
                    "agreement": f"{path['agreement']:.1%}",
                    "photos": path["photos"],
                    "loss": decimals(loss["value"]) if loss else "",
                    "interval": f"{decimals(loss['low'])} to {decimals(loss['high'])}"
                    if loss
                    else "",
                }
            )
        for link in parity["links"]:
            before = largest.get(link["name"], link)
            largest[link["name"]] = max(before, link, key=lambda one: one["max_difference"])
    tolerance = next(iter(parities.values()))["tolerance"]
    meaning = [
        f"Every path in float gives the probabilities of the training model, to {tolerance:g}, and "
        "the same class for every photo; a deployment with another one would have been refused."
    ]
    for model, parity in parities.items():
        meaning += told_of_int8(model, parity)
    return Section(
        name="parity",
        title="Is it the model that was scored?",
        n=f"n = {paths[0]['photos']} photos through every path",
        source="deploy/{model}/parity.json",
        meaning=meaning,
        content={
            "title": TITLES[metric],
            "paths": paths,
            "links": [
                {
                    "name": name,
                    "what": COMPARED[name],
                    "difference": difference(link["max_difference"], link["unit"]),
                }
                for name, link in largest.items()
            ],
        },
    )


def told_of_int8(model: str, parity: dict) -> Iterator[str]:
    """Say which classes a model changes in 8 bits, and what cannot be proved of it."""
    for path in parity["paths"]:
        if path["path"] != INT8:
            continue
        changed = round((1 - path["agreement"]) * path["photos"])
        if changed:
            yield f"INT8 of {model} changes the class of {changed} of {path['photos']} photos."
        loss = path["loss"]
        high = math.nan if loss["high"] is None else loss["high"]
        told = (loss["only_leader"], path["photos"], parity["int8_max_loss"], parity["confidence"])
        sentence = doubt(f"INT8 of {model}", high, *told)
        if parity["is_scored"] and sentence:
            yield sentence


def decimals(value: float | None) -> str:
    """Return a figure of parity.json to three places; null stands for what is not known there."""
    return "unknown" if value is None else f"{0.0 + value:.3f}"


def difference(value: float, unit: str) -> str:
    """Return the largest difference of a link in words."""
    return f"{value:.1e} {unit}" if value else "none"


def files_section(parities: dict[str, dict]) -> Section:
    """Return which file is for what, of those that a model has at least."""
    paths = {path["path"] for parity in parities.values() for path in parity["paths"]}
    rows = [
        {"file": file, "what": what} for path, file, what in FILES if path is None or path in paths
    ]
    return Section(
        name="files",
        title="What lies where",
        n="in deploy/{model}/",
        source="the folder deploy/ beside this page",
        meaning=["Unpack bundle.zip, and two commands grade a photo: its README.md says which."],
        content={"rows": rows},
    )


def main() -> None:
    """Read what was measured, write the table and the page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cfg", required=True, help="JSON: competition, metric")
    parser.add_argument("--parities", required=True, type=Path, nargs="+", help="parity.json files")
    parser.add_argument("--speeds", required=True, type=Path, nargs="+", help="speed.json files")
    parser.add_argument("--table", required=True, type=Path, help="exports.csv, written")
    parser.add_argument("--html", required=True, type=Path, help="deployment.html, written")
    args = parser.parse_args()
    cfg = json.loads(args.cfg)
    metric = cfg["metric"]

    parities, speeds = (
        {path.parent.name: json.loads(path.read_text(encoding="utf-8")) for path in paths}
        for paths in (args.parities, args.speeds)
    )
    exports = [
        one for name, parity in parities.items() for one in exports_of(name, parity, speeds[name])
    ]
    write_exports(args.table, exports)
    best = frontier(exports, metric in LOWER_IS_BETTER)
    page = render_page(
        TEMPLATE,
        competition=cfg["competition"],
        headline=(
            f"{len(exports)} exports of {listed(list(parities))} passed the gate; "
            f"{len(best)} of them {'is' if len(best) == 1 else 'are'} worth having."
        ),
        sections=[
            exports_section(exports, metric),
            parity_section(parities, metric),
            files_section(parities),
        ],
    )
    write_text(args.html, page)
    print(f"{len(exports)} exports: {args.html}", flush=True)


if __name__ == "__main__":
    run(main)
