"""The table of architectures says of each network what building it shows."""

import subprocess
import sys
from pathlib import Path

import pytest

from zest.errors import UserError
from zest.models.table import (
    ARCHITECTURES,
    classifier_parameters,
    find_architecture,
    megabytes,
    parameter_count,
)

SCRIPTS = Path(__file__).parents[2] / "scripts"
CLASSES = 7


def build_without_values(architecture):
    """Build the network's shapes only, so that 140 million values cost nothing."""
    import paddle

    from zest.models.registry import construct

    with paddle.LazyGuard():
        return construct(architecture, CLASSES)


def count(tensors):
    return sum(tensor.size for tensor in tensors)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_the_table_agrees_with_the_built_network(architecture):
    row = ARCHITECTURES[architecture]
    net = build_without_values(architecture)
    state = net.state_dict()
    buffers = count(tensor for tensor in state.values() if tensor.stop_gradient)
    parameters = count(tensor for tensor in state.values() if not tensor.stop_gradient)
    weight, bias = (state[name] for name in classifier_parameters(architecture))
    assert parameters == parameter_count(architecture, CLASSES)
    assert buffers == row.buffers
    assert row.features in weight.shape[:2]
    assert CLASSES in weight.shape[:2]
    assert bias.shape == [CLASSES]
    assert megabytes(architecture, CLASSES) == 4 * (parameters + buffers) / 1e6


@pytest.mark.parametrize("architecture", ["vgg11", "vgg13", "vgg16", "resnet18", "densenet264"])
def test_the_table_knows_whether_paddle_has_weights(architecture):
    import paddle.vision.models as zoo

    module = sys.modules[getattr(zoo, architecture).__module__]
    known = "download" if architecture in module.model_urls else "none"
    assert ARCHITECTURES[architecture].weights == known


def test_the_published_sizes_of_efficientnet_lite():
    millions = [round(parameter_count(f"efficientnet_lite{n}", 1000) / 1e6, 2) for n in (0, 1, 2)]
    assert millions == [4.65, 5.42, 6.09]


def test_only_efficientnet_lite_has_its_weights_offline():
    offline = [name for name, row in ARCHITECTURES.items() if row.weights == "environment"]
    assert offline == [f"efficientnet_lite{n}" for n in (0, 1, 2)]


def test_each_family_has_the_normalisation_its_weights_were_trained_with():
    lite, resnet = ARCHITECTURES["efficientnet_lite0"], ARCHITECTURES["resnet18"]
    for value in (0, 127, 255):
        ours = (value / 255 - lite.mean[0]) / lite.std[0]
        assert ours == pytest.approx((value - 127) / 128)
    assert resnet.mean == (0.485, 0.456, 0.406)
    assert resnet.std == (0.229, 0.224, 0.225)


def test_an_unknown_name_is_answered_with_the_nearest():
    with pytest.raises(UserError, match="did you mean 'efficientnet_lite0'"):
        find_architecture("efficientnet-lite0")


def test_what_the_snakefile_imports_is_not_slow():
    code = (
        "import sys, zest.models.table, zest.models.custom;"
        "slow = {'paddle', 'numpy', 'pandas', 'pyarrow', 'PIL', 'cv2'} & set(sys.modules);"
        "sys.exit(str(slow) if slow else 0)"
    )
    subprocess.run([sys.executable, "-c", code], cwd=SCRIPTS, check=True, timeout=60)
