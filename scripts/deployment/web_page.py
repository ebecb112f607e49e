"""The folder of the page that grades photos: what it says of its model, icons, offline list."""

import base64
import hashlib
import importlib.util
import json
import shutil
from collections.abc import Iterable
from pathlib import Path

import onnx
from PIL import Image, ImageDraw

from deployment.client.predict import LONGEST
from deployment.names import INT8, ONNX
from zest.errors import UserError
from zest.files import sha256

PATHS = {"float32": ONNX, "int8": INT8}
# Of photos that are taken in: bytes and pixels of each, how many times its short side the long one
# may be, and how many are on the page at a time.
LIMITS = {"bytes": 50_000_000, "pixels": 100_000_000, "longest": LONGEST, "photos": 100}
_DIGEST = 12  # characters of the hash in the names of the model's file and of folders
_SHORT = 12  # characters below an icon, of which phones cut off more
RUNTIME = "onnxruntime"
LICENCES = ("LICENSE", "ThirdPartyNotices.txt")
PAPER, RIM, FRUIT, LIGHT = "#24221c", "#f4f1e8", "#e3b81f", "#f7dd7c"
ICON_SIDES = (192, 512)
_SMOOTH = 4  # an icon is drawn so many times larger


def describe(model: Path, name: str, precision: str, scores: dict, parity: dict, cfg: dict) -> dict:
    """Return what the page says of its model: about.json.

    The model's file is named after its content, so that no cache on the way can give this
    description another model.

    Args:
        model: the exported model; its classes and preprocessing are those of its metadata.
        name: of the model in the configuration.
        precision: `float32` or `int8`.
        scores: evaluation/{model}/scores.json.
        parity: parity.json of the deployment.
        cfg: competition and metric.

    Raises:
        UserError: the parity of this export was not checked.
    """
    told = {one.key: one.value for one in onnx.load(str(model)).metadata_props}
    path = next((one for one in parity["paths"] if one["path"] == PATHS[precision]), None)
    if path is None:
        raise UserError(
            f"deploy.precision: {precision}, and parity.json of {name} says nothing of it. Set "
            "deploy.int8: true, or deploy.precision: float32."
        )
    confidence, metric = scores["confidence"], cfg["metric"]
    preprocessing = json.loads(told["preprocessing"])

    def scored(key: str) -> dict:
        return {**scores["scores"][key], "confidence": confidence}

    return {
        "competition": cfg["competition"],
        "model": name,
        "architecture": told["architecture"],
        "precision": precision,
        "model_file": f"model-{sha256(model)[:_DIGEST]}.onnx",
        "model_bytes": model.stat().st_size,
        "classes": json.loads(told["classes"]),
        "preprocessing": {key: preprocessing[key] for key in ("image_size", "fit")},
        "scores": {"accuracy": scored("accuracy")},
        "metric": {"key": metric, **scored(metric)},
        "scored": whose_scores(parity["is_scored"], scores["folds"]),
        "folds": scores["folds"],
        "parity": {key: path[key] for key in ("agreement", "photos")},
        "limits": LIMITS,
    }


def whose_scores(is_scored: bool, folds: int) -> str:
    """Return whose scores the page tells: its model's (`own`), or those of the models of the folds.

    Args:
        is_scored: whether the model has been scored on photos of its own (parity.json).
        folds: how many models were scored.

    Returns:
        `own`; `folds` where it is one of several that were scored together; `all` where it has
        learned from the photos of all folds, or is merged of models that have.
    """
    if not is_scored:
        return "all"
    return "own" if folds == 1 else "folds"


def copy_runtime(runtime: Path, out: Path) -> None:
    """Copy the runtime, and the licences of its project.

    The package of npm has no texts of licences; the one for Python, of the same repository, does.

    Raises:
        UserError: they are not here.
    """
    hidden = shutil.ignore_patterns(".*")  # such as the mark that Snakemake leaves in a folder
    shutil.copytree(runtime, out, ignore=hidden)
    found = importlib.util.find_spec(RUNTIME)
    folders = list(found.submodule_search_locations or ()) if found else []
    for name in LICENCES:
        here = next((path for path in (Path(one, name) for one in folders) if path.is_file()), None)
        if here is None:
            raise UserError(
                f"{name} of ONNX Runtime is not here, and the page may not be handed out without "
                f"it. It comes with the Python package {RUNTIME}: make a new environment."
            )
        shutil.copy(here, out / Path(name).with_suffix(".txt"))  # a browser shows it, not saves it


def draw_icon(side: int) -> Image.Image:
    """Draw a fruit on a turntable with a lit rim; its middle 80 % may be cut to any shape."""
    whole = side * _SMOOTH
    image = Image.new("RGB", (whole, whole), PAPER)
    pen = ImageDraw.Draw(image)

    def disc(x: float, y: float, radius: float, **colours) -> None:
        places = (x - radius, y - radius, x + radius, y + radius)
        pen.ellipse(tuple(place * whole for place in places), **colours)

    disc(0.5, 0.5, 0.37, outline=RIM, width=whole // 64)
    disc(0.5, 0.5, 0.25, fill=FRUIT)
    disc(0.43, 0.42, 0.07, fill=LIGHT)
    return image.resize((side, side), Image.Resampling.LANCZOS)


def write_icons(out: Path) -> None:
    """Write the icons that the manifest names."""
    for side in ICON_SIDES:
        draw_icon(side).save(out / f"icon-{side}.png", optimize=True)


def name_after_content(folder: Path) -> str:
    """Rename a folder after its content, so that no cache can mix two versions; return its name."""
    digest = hashlib.sha256(json.dumps(hashes_of(folder)).encode()).hexdigest()
    named = folder.with_name(f"{folder.name}-{digest[:_DIGEST]}")
    folder.rename(named)
    return named.name


def short_name(competition: str) -> str:
    """Return what stands below the icon on a phone: the competition, or its beginning and its end.

    Two contests of one series often differ in the year at the end alone.
    """
    if len(competition) <= _SHORT:
        return competition
    end = _SHORT // 2 - 1
    return f"{competition[: _SHORT - 1 - end]}…{competition[-end:]}"


def fill_index(source: str, folders: dict[str, str]) -> str:
    """Return index.html with folders by the names that they have got."""
    for plain, named in folders.items():
        source = source.replace(f'"{plain}/', f'"{named}/')
    return source


def fill_service_worker(source: str, out: Path) -> str:
    """Return the service worker of a folder: its files, and a version that follows them.

    index.html is kept as ./ alone: a host may redirect the other name.
    """
    hashes = hashes_of(out)
    kept = json.dumps([["./", hashes.pop("index.html")], *hashes.items()])
    version = hashlib.sha256((source + kept).encode()).hexdigest()[:16]
    return source.replace("'VERSION'", f"'{version}'").replace("['FILES']", kept)


def hashes_of(folder: Path) -> dict[str, str]:
    """Return the files in a folder and below it, in order: name, and hash as browsers check it.

    https://www.w3.org/TR/sri/ (Subresource Integrity).
    """
    names = sorted(path.relative_to(folder).as_posix() for path in files_of(folder))
    digests = (hashlib.sha256((folder / name).read_bytes()).digest() for name in names)
    told = (f"sha256-{base64.b64encode(digest).decode()}" for digest in digests)
    return dict(zip(names, told, strict=True))


def files_of(folder: Path) -> Iterable[Path]:
    """Yield the files in a folder and below it."""
    return (path for path in folder.rglob("*") if path.is_file())
