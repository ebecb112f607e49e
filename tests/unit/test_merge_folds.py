"""The stage that merges: what the statistics are estimated from, and the folder that it writes."""

import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from merge_folds import main, training_inputs
from test_engine_merging import folder_of, moved, settings
from zest.contracts import TRAINSET, write_table
from zest.engine.merging import estimate_statistics, merge_models
from zest.images import encode_png
from zest.models.paddle_pickle import read_pdparams
from zest.models.registry import build
from zest.models.state import state_of
from zest.models.table import normalisation

ROWS = 7


@pytest.fixture
def trainsets(tmp_path) -> list[Path]:
    """Two training sets of grey images; each row has a grey of its own, 10 to 23."""
    paths = [tmp_path / "trainset" / f"fold{fold}" / "images.parquet" for fold in (0, 1)]
    for fold, path in enumerate(paths):
        rows = []
        for row in range(ROWS):
            image = np.full((24, 24, 3), 10 + fold * ROWS + row, np.uint8)
            encoded = {"bytes": encode_png(image), "path": f"{row}.png"}
            rows.append({"image_id": f"{row}", "image": encoded})
        whole = [{**dict.fromkeys(TRAINSET.names), **row} for row in rows]
        write_table(pa.Table.from_pylist(whole, schema=TRAINSET), path, TRAINSET)
    return paths


def greys(batches) -> list[int]:
    """Return the grey of each image in the batches, rounded: 0 to 255."""
    mean, std = (np.reshape(one, (3, 1, 1)) for one in normalisation("lenet5"))
    values = np.concatenate(list(batches)) * std + mean
    return sorted(round(255 * value) for value in values.mean(axis=(1, 2, 3)).tolist())


def test_every_fold_gives_an_equal_share_of_what_it_learned_from(trainsets):
    cfg = settings(architecture="lenet5")
    assert greys(training_inputs(trainsets, cfg)) == [10, 12, 14, 16, 18, 20, 22]
    (batch,) = training_inputs(trainsets, cfg)
    assert batch.shape == (7, 3, 24, 24)
    assert batch.dtype == np.float32


def test_the_inputs_are_altered_and_mixed_as_in_the_training(trainsets):
    plain = greys(training_inputs(trainsets, settings(architecture="lenet5")))
    bright = {"online_operations": [{"brightness": {"probability": 1.0, "strength": 0.5}}]}
    for changes in ({"mixup": 10.0}, bright):
        cfg = settings(architecture="lenet5", **changes)
        assert greys(training_inputs(trainsets, cfg)) != plain
        once, again = (np.concatenate(list(training_inputs(trainsets, cfg))) for _ in range(2))
        np.testing.assert_array_equal(once, again)


def test_the_merged_folder_has_the_mean_weights_with_statistics_of_the_training(
    trainsets, tmp_path, monkeypatch
):
    folders = [
        folder_of(tmp_path / f"fold{seed}", moved(build(settings(), 3, seed=1), seed))
        for seed in (0, 1)
    ]
    out = tmp_path / "foldmerged"
    trained = [str(folder / "weights.pdparams") for folder in folders]
    command = ["merge_folds.py", "--trained", *trained, "--trainsets", *map(str, trainsets)]
    command += ["--weights", f"{out}/weights.pdparams", "--model", f"{out}/model.json"]
    monkeypatch.setattr(sys, "argv", command)
    main()
    expected, learned = merge_models(folders)
    estimate_statistics(expected.net, learned, training_inputs(trainsets, settings()))
    found = read_pdparams(out / "weights.pdparams")
    for name, value in state_of(expected.net).items():
        np.testing.assert_array_equal(found[name], value)
    assert (out / "model.json").read_bytes() == (folders[0] / "model.json").read_bytes()
