"""Write a folder that grades photos in a browser: one proven model, a page, what computes.

Reads the leaderboard where it decides, and of the candidates deploy/{model}/ (an ONNX model and
parity.json, without which nothing is published) and evaluation/{model}/scores.json;
web_runtime/; the page's sources in scripts/web_demo/. Writes web/, which any server
of static files serves: python -m http.server --directory results/{competition}/web
"""

import argparse
import json
import shutil
from pathlib import Path

from deployment import web_page
from deployment.probes import make_probes
from zest.errors import run
from zest.files import write_json, write_text
from zest.leader import best_of

INDEX, SERVICE_WORKER = "index.html", "service-worker.js"
STYLE, MANIFEST = "page.css", "manifest.webmanifest"


def in_folder(paths: list[Path], name: str) -> Path:
    """Return the path {...}/{model}/{file} of one model."""
    return next(path for path in paths if path.parent.name == name)


def build(
    out: Path, sources: list[Path], style: Path, model: Path, runtime: Path, about: dict
) -> None:
    """Write the whole folder anew; the service worker, which lists the others, comes last."""
    shutil.rmtree(out, ignore_errors=True)
    page = out / "page"
    page.mkdir(parents=True)
    written = {}
    for path in sources:
        if path.name in (INDEX, SERVICE_WORKER, STYLE, MANIFEST):
            written[path.name] = path.read_text(encoding="utf-8")
        else:
            shutil.copy(path, page)
    shutil.copy(model, out / about["model_file"])
    web_page.copy_runtime(runtime, out / "runtime")
    computing = web_page.name_after_content(out / "runtime")
    write_text(page / STYLE, style.read_text(encoding="utf-8") + written[STYLE])
    write_json(page / "about.json", {**about, "runtime": computing})
    write_json(page / "probes.json", make_probes())
    folders = {"page": web_page.name_after_content(page), "runtime": computing}
    web_page.write_icons(out)
    manifest = json.loads(written[MANIFEST])
    manifest["name"] += f": {about['competition']}"
    manifest["short_name"] = web_page.short_name(about["competition"])
    write_json(out / MANIFEST, manifest)
    write_text(out / INDEX, web_page.fill_index(written[INDEX], folders))
    write_text(out / SERVICE_WORKER, web_page.fill_service_worker(written[SERVICE_WORKER], out))


def main() -> None:
    """Choose the model, describe it, write the folder."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cfg", required=True, help="JSON: competition, metric, precision")
    parser.add_argument("--candidates", required=True, nargs="+", help="names of models")
    parser.add_argument("--leaderboard", type=Path, help="leaderboard.csv, to choose among several")
    parser.add_argument("--models", required=True, type=Path, nargs="+", help="ONNX, one of each")
    parser.add_argument("--parity", required=True, type=Path, nargs="+", help="parity.json of each")
    parser.add_argument("--scores", required=True, type=Path, nargs="+", help="scores.json of each")
    parser.add_argument("--runtime", required=True, type=Path, help="web_runtime")
    parser.add_argument(
        "--sources", required=True, type=Path, nargs="+", help="the files of scripts/web_demo"
    )
    parser.add_argument("--style", required=True, type=Path, help="page.css of all pages")
    parser.add_argument("--out", required=True, type=Path, help="the folder, written")
    args = parser.parse_args()
    cfg = json.loads(args.cfg)

    name = best_of(args.candidates, args.leaderboard)
    model = in_folder(args.models, name)
    scores, parity = (
        json.loads(in_folder(paths, name).read_text(encoding="utf-8"))
        for paths in (args.scores, args.parity)
    )
    about = web_page.describe(model, name, cfg["precision"], scores, parity, cfg)
    build(args.out, args.sources, args.style, model, args.runtime, about)
    size = sum(path.stat().st_size for path in web_page.files_of(args.out)) / 1e6
    print(
        f"model {name} ({cfg['precision']}), {size:.1f} MB: {args.out}\n"
        f"Serve it: python -m http.server --directory {args.out}",
        flush=True,
    )


if __name__ == "__main__":
    run(main)
