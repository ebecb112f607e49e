"""One model of the models of several folds: the mean of their weights.

Networks that were fine-tuned from the same weights on much the same photos lie in one basin of the
loss, and the mean of their weights does nearly as well as the mean of their predictions, at the
cost of one (Wortsman et al. 2022, "Model soups", arXiv:2203.05482). Of a linear probe, whose
features are the same in all folds, it gives the mean of the logits. Nothing makes it so: networks
that came to lie apart give a mean that is worth nothing, so the merged model must be judged.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import paddle
from paddle import nn

from zest.engine.averaging import EpochAverage
from zest.engine.fast_conv import accelerate
from zest.engine.model_folder import TrainedModel, read_description
from zest.errors import UserError

BATCH_NORMALISATIONS = (nn.BatchNorm, nn.BatchNorm1D, nn.BatchNorm2D, nn.BatchNorm3D)


def merge_models(folders: Sequence[Path]) -> tuple[TrainedModel, list[nn.Layer]]:
    """Average the weights of models that were trained with the same settings.

    All floating-point entries of the state are averaged in float64, batch statistics too; what is
    the same in all models, such as a frozen layer, stays the same to the bit. Others, such as
    counters, are those of the first model.

    Args:
        folders: models/{model}/fold{fold} of each, at least one.

    Returns:
        The merged model, and its layers whose batch statistics are not the same in all models, as
        they learned. Those of the merged weights are others, see `estimate_statistics`.

    Raises:
        UserError: the models were not trained with the same settings and classes.
    """
    first, *others = folders
    merged, average = TrainedModel(first), EpochAverage(len(folders))  # folds in place of epochs
    described = read_description(first)
    layers = {
        name: layer
        for name, layer in merged.net.named_sublayers()
        if isinstance(layer, BATCH_NORMALISATIONS)
    }
    frozen = {name: _statistics(layer) for name, layer in layers.items()}
    average.add(merged.net)
    for folder in others:
        _refuse_other_settings(folder, read_description(folder), first, described)
        net = TrainedModel(folder).net
        average.add(net)
        found = dict(net.named_sublayers())
        frozen = {
            name: statistics
            for name, statistics in frozen.items()
            if np.array_equal(statistics, _statistics(found[name]))
        }
    average.write(merged.net)
    return merged, [layer for name, layer in layers.items() if name not in frozen]


def estimate_statistics(
    net: nn.Layer, layers: list[nn.Layer], batches: Iterable[np.ndarray]
) -> None:
    """Set batch statistics to those of some inputs, in place, by one pass over them.

    The weights stay, and so do the statistics of all other layers, which normalise by them. As
    Izmailov et al. 2018, arXiv:1803.05407, do for averaged weights. In each layer the mean and the
    variance are those of all inputs, of which it normalises a batch at a time.

    Args:
        net: float32 (batch, 3, size, size) to logits; it is in evaluation mode afterwards.
        layers: of batch normalisation, within the network.
        batches: float32, (batch, 3, size, size), of random inputs; best all of one size, as each
            size is compiled by itself.
    """
    momenta = [layer._momentum for layer in layers]
    # The network is in training mode, or its program would be one that learns no statistics; what
    # is in it, such as dropout, is not.
    net.train()
    for inner in net.sublayers():
        inner.training = any(inner is layer for layer in layers)
    for layer in layers:
        layer._momentum = 0.0  # after each batch, its statistics are those of the batch
    forward = accelerate(net)
    count = 0
    sums = [np.zeros((2, len(layer._mean)), np.float64) for layer in layers]
    for batch in batches:
        with paddle.no_grad():
            forward(paddle.to_tensor(batch))
        count += len(batch)
        for moments, layer in zip(sums, layers, strict=True):
            mean, variance = _statistics(layer)
            moments += len(batch) * np.stack([mean, variance + mean**2])
    for moments, layer, momentum in zip(sums, layers, momenta, strict=True):
        mean, square = moments / count
        layer._momentum = momentum
        layer._mean.set_value(mean.astype(np.float32))
        layer._variance.set_value((square - mean**2).clip(0).astype(np.float32))
    net.eval()


def _statistics(layer: nn.Layer) -> np.ndarray:
    """Return mean and variance of a layer of batch normalisation: float64, (2, channels)."""
    return np.stack([layer._mean.numpy(), layer._variance.numpy()]).astype(np.float64)


def _refuse_other_settings(folder: Path, found: dict, first: Path, expected: dict) -> None:
    told = {**found["trained_with"], **found}
    for key, value in {**expected["trained_with"], **expected}.items():
        if told.get(key) != value:
            raise UserError(
                f"{folder}/model.json: {key} is not that of {first}/model.json, so the weights of "
                "the two cannot be averaged. Delete both folders and run the same command again."
            )
