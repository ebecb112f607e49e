"""The photos by which an exported model is judged."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from deployment.client.predict import FORMATS, UnreadablePhoto, open_photo
from zest.contracts import CATALOG, read_table
from zest.errors import UserError
from zest.paired import OutOfFold
from zest.randomness import seed_from


def photos_of_model(
    out_of_fold: OutOfFold, fold: int, seed: int, most: int
) -> tuple[OutOfFold, bool]:
    """Return photos to judge a model by, and whether it was scored on them, and not trained.

    A model of one fold has its validation photos. One of all photos, or merged of the folds, has
    none that it does not know; it gets those of all folds, and no score.

    Args:
        out_of_fold: what was scored.
        fold: of the model.
        seed: of the order, which is drawn, so that the first photos stand for all.
        most: that are returned.
    """
    own = np.flatnonzero(out_of_fold.folds == fold)
    rows = own if len(own) else np.arange(len(out_of_fold.ids))
    drawn = np.random.default_rng(seed_from(seed, "photos of the gate")).permutation(rows)
    return out_of_fold.of(drawn[:most]), bool(len(own))


def files_of(catalog: Path, root: Path, ids: list[str]) -> list[Path]:
    """Return the files of photos, in their order.

    Args:
        catalog: catalog/train.parquet.
        root: the folder that its paths start from.
        ids: image_id of each photo.

    Raises:
        UserError: the catalog does not have one of the photos.
    """
    rows = read_table(catalog, CATALOG, columns=["image_id", "path"]).to_pylist()
    path_of = {row["image_id"]: root / row["path"] for row in rows}
    missing = [image_id for image_id in ids if image_id not in path_of]
    if missing:
        raise UserError(
            f"{catalog}: it lacks {len(missing)} of the predicted photos, the first of them "
            f"{missing[0]}. Delete the file and run the same command again."
        )
    return [path_of[image_id] for image_id in ids]


def readable_files(files: Iterable[Path], most: int) -> list[Path]:
    """Return the first files, `most` of them, that the program of the bundle reads.

    Raises:
        UserError: there is none, or a file is gone.
    """
    found: list[Path] = []
    first = None
    for file in files:
        if len(found) == most:
            break
        try:
            open_photo(file).close()
            found.append(file)
        except UnreadablePhoto as error:
            first = first or f"{file}: {error}"
        except OSError as error:
            raise UserError(
                f"{file}: it cannot be read ({error.strerror or error}). Put the photo back, or "
                "run the same command again, which follows the photos that there are."
            ) from error
    if first and not found:
        raise UserError(
            f"{first}. The exported model is used by programs that read {', '.join(FORMATS)}, and "
            "none of these photos is one: save them in one of these formats."
        )
    if first:
        print(f"passed over, as the program of the bundle does not read it: {first}", flush=True)
    return found
