"""Backbones of PaddleClas are used where they are installed, and only there.

The tests make a small package of the same layout, so they need no PaddleClas.
"""

import importlib.metadata
import subprocess
import sys
from pathlib import Path

import paddle
import pytest

from zest.errors import UserError
from zest.models.custom import source_digest
from zest.models.groups import find_head
from zest.models.paddleclas import constructors
from zest.models.registry import build
from zest.models.table import find_architecture, megabytes, normalisation

SCRIPTS = Path(__file__).parents[2] / "scripts"

BACKBONE = """
from ...utils.save_load import load_dygraph_pretrain
from paddle import nn

class Layer:
    pass

def Tiny_x1_0(pretrained=False, use_ssld=False, **kwargs):
    return nn.Sequential(nn.AdaptiveAvgPool2D(1), nn.Flatten(), nn.Linear(3, **_width(**kwargs)))

def _width(class_num=1000):
    return {"out_features": class_num}

def Tiny_x2_0(class_num=1000):
    return nn.Sequential(nn.AdaptiveAvgPool2D(1), nn.Flatten(), nn.Linear(3, class_num))

def Named_x1_0(class_num=1000):
    from ...utils import logger
    logger.ready[0]
    name = "conv1_weights"
    return nn.Sequential(
        nn.Conv2D(3, 3, 3, weight_attr=name), nn.AdaptiveAvgPool2D(1), nn.Flatten(),
        nn.Linear(3, class_num),
    )

def Deep(depth, class_num=1000):
    return nn.Linear(1, 1)

def Faces(input_size):
    return nn.Linear(1, 1)

def Old(class_num=1000):
    raise AttributeError("paddle.fluid is gone")
"""

LOGGER = """
ready = []

def init_logger(log_level):
    ready.append(log_level)
"""


def forget():
    for name in [name for name in sys.modules if name.partition(".")[0] == "paddleclas"]:
        del sys.modules[name]


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """A package of the layout of paddleclas, whose outer packages cannot be imported."""
    forget()
    files = {
        "__init__.py": "raise ImportError('the whole package is imported')",
        "ppcls/arch/__init__.py": "raise ImportError('the whole package is imported')",
        "ppcls/utils/__init__.py": "raise ImportError('the whole package is imported')",
        "ppcls/utils/save_load.py": "def load_dygraph_pretrain(): pass",
        "ppcls/utils/logger.py": LOGGER,
        "ppcls/arch/backbone/__init__.py": BACKBONE,
    }
    for name, text in files.items():
        path = tmp_path / "paddleclas" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    monkeypatch.syspath_prepend(str(tmp_path))
    yield tmp_path / "paddleclas"
    forget()


@pytest.fixture
def missing(monkeypatch):
    """PaddleClas is not installed, even where it is."""
    forget()
    find = sys.modules["zest.models.paddleclas"].PathFinder.find_spec
    monkeypatch.setattr(
        "zest.models.paddleclas.PathFinder.find_spec",
        lambda name, path=None, target=None: (
            None if name == "paddleclas" else find(name, path, target)
        ),
    )


def of(name, **settings):
    return build({"architecture": f"paddleclas/{name}", "image_size": 32, **settings}, 5, seed=0)


@pytest.mark.parametrize("name", ["Tiny_x1_0", "Tiny_x2_0"])
def test_a_backbone_is_built_past_the_packages_around_it(installed, name):
    net = of(name)
    assert net.training
    assert net(paddle.zeros([2, 3, 16, 16])).shape == [2, 5]
    assert find_head(net, f"paddleclas/{name}", 5) == "2"


def test_a_backbone_that_names_its_parameters_and_writes_to_the_log_is_built_twice(installed):
    first, second = of("Named_x1_0"), of("Named_x1_0")
    assert [p.shape for p in first.parameters()] == [p.shape for p in second.parameters()]


def test_a_typing_error_is_answered_with_the_nearest_name_and_all_names(installed):
    with pytest.raises(UserError, match=r"did you mean 'paddleclas/Tiny_x1_0'.*Tiny_x2_0"):
        of("tiny_x1")


def test_only_what_builds_a_classifier_can_be_named(installed):
    of("Tiny_x1_0")
    module = sys.modules["paddleclas.ppcls.arch.backbone"]
    assert constructors(module) == ["Named_x1_0", "Old", "Tiny_x1_0", "Tiny_x2_0"]
    for name in ("Faces", "Deep", "Layer", "load_dygraph_pretrain"):
        with pytest.raises(UserError, match=f"has no classifier '{name}'"):
            of(name)


def test_a_backbone_that_this_paddle_cannot_build_is_told(installed):
    with pytest.raises(UserError, match=r"paddleclas/Old cannot be built.*paddle\.fluid is gone"):
        of("Old")


def test_without_paddleclas_the_way_out_is_told(missing):
    with pytest.raises(UserError, match=r"Run `pip install --no-deps paddleclas==2\.6\.0 tqdm`"):
        of("ResNet50_vd")


def test_a_package_that_it_needs_and_that_is_missing_is_told(installed):
    (installed / "ppcls/utils/save_load.py").write_text("import nowhere_at_all\n")
    with pytest.raises(UserError, match=r"No module named 'nowhere_at_all'.*pip install"):
        of("Tiny_x1_0")


def test_the_form_is_known_without_importing_anything(missing):
    row = find_architecture("paddleclas/ResNet50_vd")
    assert (row.family, row.weights) == ("paddleclas", "none")
    assert normalisation("paddleclas/ResNet50_vd") == normalisation("resnet18")
    assert megabytes("paddleclas/ResNet50_vd", 3) is None


@pytest.mark.parametrize(
    "name", ["paddleclas/", "paddleclas/a b", "paddleclas/a.b", "other/ResNet"]
)
def test_another_form_is_refused(name):
    with pytest.raises(UserError, match="architecture: there is no"):
        find_architecture(name)


def test_its_version_counts_as_code(monkeypatch):
    monkeypatch.setattr(importlib.metadata, "version", lambda name: "2.6.0")
    assert source_digest("paddleclas/ResNet50") == "2.6.0"


def test_without_it_the_registry_imports_nothing_of_it():
    code = (
        "import sys; from zest.models.registry import build;"
        "build({'architecture': 'lenet5'}, 3, 0);"
        "sys.exit('paddleclas' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], cwd=SCRIPTS, check=True, timeout=120)
