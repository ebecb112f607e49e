"""A Layer of the user's own is found by its dotted path, and its code counts as code of the run."""

import sys

import paddle
import pytest

from zest.errors import UserError
from zest.models.custom import source_digest
from zest.models.groups import layer_groups, split
from zest.models.registry import build
from zest.models.table import find_architecture, megabytes, normalisation

NET = '''
import os
from paddle import nn
from .parts import width

class Net(nn.Sequential):
    """A network."""

    def __init__(self, num_classes):
        super().__init__(
            nn.Conv2D(3, width, 3), nn.ReLU(), nn.AdaptiveAvgPool2D(1), nn.Flatten(),
            nn.Linear(width, num_classes),
        )

class Wide(Net):
    def __init__(self, num_classes):
        super().__init__(num_classes + 1)

class Pair(Net):
    def forward(self, x):
        return super().forward(x), x

class Headless(nn.Layer):
    def __init__(self, num_classes):
        super().__init__()
        self.num_classes = num_classes

    def forward(self, x):
        return x.mean(axis=[1, 2, 3]).reshape([-1, 1]).tile([1, self.num_classes])

class Broken(nn.Layer):
    def __init__(self, num_classes):
        raise KeyError("width")

class Dense(nn.Linear):
    pass

def plain(num_classes):
    return "a text"
'''


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A project's folder with the package `nets`, as the present folder."""
    package = tmp_path / "nets"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "parts.py").write_text("width = 4  # channels\n")
    (package / "net.py").write_text(NET)
    monkeypatch.chdir(tmp_path)
    path = sys.path[:]
    yield tmp_path
    sys.path[:] = path
    for name in [name for name in sys.modules if name.partition(".")[0] == "nets"]:
        del sys.modules[name]


def of(path, **settings):
    return build({"architecture": path, "image_size": 32, **settings}, 5, seed=0)


def test_a_layer_in_the_projects_folder_is_built_with_the_number_of_classes(project):
    net = of("nets.net.Net")
    assert net.training
    assert net(paddle.zeros([3, 3, 20, 20])).shape == [3, 5]
    front, back = split(net, "nets.net.Net", 1)
    assert back(front(paddle.zeros([3, 3, 20, 20]))).shape == [3, 5]
    assert [group.name for group in layer_groups(net, {"4.weight", "4.bias"})] == ["0", "4"]


def test_it_is_normalised_as_imagenet_and_its_size_is_not_known_before_it_is_built(project):
    assert normalisation("nets.net.Net") == normalisation("resnet18")
    assert megabytes("nets.net.Net", 5) is None
    assert find_architecture("nets.net.Net").weights == "none"


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("nots.net.Net", r"no module nots in .* or on PYTHONPATH. Put nots\.py there"),
        ("nets.nit.Net", r"no module nets\.nit in .* Put nets/nit\.py there"),
        ("nets.net.Nett", r"net\.py has no 'Nett'; did you mean 'Net'"),
        ("nets.net.plain", "makes a str, not a paddle.nn.Layer"),
        ("nets.net.Wide", r"gives \[2, 6\] .* must give logits of the shape \[2, 5\]"),
        ("nets.net.Pair", "gives tuple for a batch of 2 images"),
        ("nets.net.Headless", r"has no nn\.Linear and no nn\.Conv2D with 5 outputs"),
        ("nets.net.Broken", "Broken.*fails with KeyError: 'width'"),
        ("nets.net.Dense", "called with the number of classes alone"),
        ("nets.raises.Net", "importing nets.raises fails with ZeroDivisionError"),
        ("nets.needs.Net", "importing nets.needs fails: No module named 'nowhere_at_all'"),
    ],
)
def test_what_is_wrong_with_it_is_told(project, path, message):
    (project / "nets" / "raises.py").write_text("1 / 0\n")
    (project / "nets" / "needs.py").write_text("import nowhere_at_all\n")
    with pytest.raises(UserError, match=f"(?s){message}"):
        of(path)


def test_an_image_size_that_it_does_not_take_is_told(project):
    (project / "nets" / "fixed.py").write_text(
        "from paddle import nn\n"
        "class Fixed(nn.Sequential):\n"
        "    def __init__(self, num_classes):\n"
        "        super().__init__(nn.Flatten(), nn.Linear(3 * 24 * 24, num_classes))\n"
    )
    assert of("nets.fixed.Fixed", image_size=24)
    with pytest.raises(UserError, match=r"fails on images of 32 x 32 pixels.*set image_size"):
        of("nets.fixed.Fixed", image_size=32)


def test_the_fingerprint_covers_the_module_and_what_it_imports_of_the_project(project):
    before = source_digest("nets.net.Net")
    assert before == source_digest("nets.net.Net")
    for name in ("net.py", "parts.py", "__init__.py"):
        path = project / "nets" / name
        path.write_text(path.read_text() + "\nnew = 1\n")
        after = source_digest("nets.net.Net")
        assert after != before, name
        before = after


def test_the_fingerprint_does_not_see_comments_docstrings_and_other_modules(project):
    before = source_digest("nets.net.Net")
    net, parts = project / "nets" / "net.py", project / "nets" / "parts.py"
    net.write_text(net.read_text().replace("A network.", "A small network."))
    parts.write_text("# other words\nwidth = 4\n")
    (project / "nets" / "another.py").write_text("x = 1\n")
    assert source_digest("nets.net.Net") == before


def test_the_fingerprint_runs_nothing(project):
    (project / "nets" / "__init__.py").write_text("raise SystemExit('run')\n")
    assert source_digest("nets.net.Net")
    assert "nets" not in sys.modules


def test_a_module_that_is_not_there_or_does_not_parse_has_a_fingerprint(project):
    absent = source_digest("nets.later.Net")
    (project / "nets" / "later.py").write_text("def (\n")
    broken = source_digest("nets.later.Net")
    (project / "nets" / "later.py").write_text("x = 1\n")
    assert len({absent, broken, source_digest("nets.later.Net"), None}) == 4


def test_a_module_on_the_path_is_found_too(project, tmp_path_factory, monkeypatch):
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (elsewhere / "onpath.py").write_text("x = 1\n")
    absent = source_digest("onpath.Net")
    monkeypatch.syspath_prepend(str(elsewhere))
    assert source_digest("onpath.Net") != absent


def test_installed_code_counts_by_its_own_module_only(project):
    assert source_digest("paddle.vision.models.LeNet")


def test_the_architectures_of_the_table_have_none():
    assert source_digest("resnet18") is None
    assert source_digest("efficientnet_lite0") is None
