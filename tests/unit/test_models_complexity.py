"""Networks are counted as in the tables of papers, group by group, and timed for their training."""

import json

import paddle
import pyarrow as pa
import pytest
from paddle import nn

import summarise_models
from summarise_models import Summary, summarise, to_csv, to_text
from zest.contracts import MANIFEST, write_table
from zest.engine import speed
from zest.engine.speed import images_per_second
from zest.models.complexity import GroupCost, count_costs, layer_macs
from zest.models.groups import head_parameters, layer_groups
from zest.models.registry import build
from zest.phases import Phase

SETTINGS = {
    "architecture": "small_cnn",
    "method": "fine_tuning",
    "recipe": "plain",
    "image_size": 32,
    "epochs": 4,
    "phases": [],
    "frozen": 0,
    "cache_frozen": False,
    "batch_size": 8,
    "replicas": 1,
    "dropout": None,
    "drop_path": 0.0,
}


def counted(architecture, size, num_classes=1000):
    net = build({"architecture": architecture}, num_classes, seed=0)
    groups = layer_groups(net, head_parameters(net, architecture, num_classes))
    return net, count_costs(net, groups, size)


# 10^9 multiplications at 224 x 224, from the papers and torchvision's table.
@pytest.mark.parametrize(
    ("architecture", "published"),
    [
        ("efficientnet_lite0", 0.385),
        ("resnet18", 1.814),
        ("mobilenet_v2", 0.301),
        ("squeezenet1_1", 0.349),
    ],
)
def test_the_multiplications_are_the_published_ones(architecture, published):
    _, costs = counted(architecture, 224)
    assert sum(cost.macs for cost in costs) / 1e9 == pytest.approx(published, rel=0.01)


def test_the_layers_of_lenet5_by_hand():
    _, costs = counted("lenet5", 32, num_classes=10)
    assert [cost.name for cost in costs] == ["c1", "c3", "c5", "f6", "output"]
    assert [cost.macs for cost in costs] == [
        28 * 28 * 6 * 75,
        10 * 10 * 16 * 150,
        120 * 400,
        84 * 120,
        10 * 84,
    ]
    assert [cost.parameters for cost in costs] == [456, 2416, 48120, 10164, 850]
    assert [cost.output for cost in costs] == [(6, 28, 28), (16, 10, 10), (120, 1, 1), (84,), (10,)]
    assert [cost.layers for cost in costs] == [1] * 5


def test_a_grouped_convolution_multiplies_only_within_its_group():
    whole, depthwise = nn.Conv2D(8, 8, 3), nn.Conv2D(8, 8, 3, groups=8)
    assert layer_macs(whole, (8, 5, 5)) == 8 * layer_macs(depthwise, (8, 5, 5)) == 8 * 25 * 72
    assert layer_macs(nn.Linear(7, 3), (4, 3)) == 4 * 3 * 7


def test_a_layer_that_runs_twice_is_counted_twice():
    class Twice(nn.Layer):
        def __init__(self):
            super().__init__()
            self.conv = nn.Conv2D(3, 3, 1)
            self.output = nn.Linear(3, 2)

        def forward(self, x):
            return self.output(self.conv(self.conv(x)).mean(axis=[2, 3]))

    net = Twice()
    groups = layer_groups(net, {"output.weight", "output.bias"})
    assert count_costs(net, groups, 10)[0].macs == 2 * 100 * 9


def test_counting_leaves_the_network_as_it_was():
    net, costs = counted("small_cnn", 32)
    net.dropout.eval()
    before = {name: value.numpy() for name, value in net.state_dict().items()}
    groups = layer_groups(net, head_parameters(net, "small_cnn", 1000))
    assert count_costs(net, groups, 32) == costs
    assert net.training
    assert not net.dropout.training
    assert all((value.numpy() == before[name]).all() for name, value in net.state_dict().items())
    assert not any(layer._forward_post_hooks for layer in net.sublayers())


def test_batch_statistics_are_no_parameters():
    _, costs = counted("small_cnn", 32)
    assert [cost.buffers for cost in costs] == [64, 128, 256, 512, 0]
    assert sum(cost.parameters for cost in costs) == 645896


@pytest.fixture
def clock(monkeypatch):
    """Let the steps seem to take 0.5, 0.7 and 0.6 s; the first, which traces, a hundred."""
    times = iter([0.0, 100.0, 200.0, 200.5, 300.0, 300.7, 400.0, 400.6])
    monkeypatch.setattr(speed.time, "perf_counter", lambda: next(times))


@pytest.mark.parametrize(
    ("frozen", "cached"), [(0, False), (2, False), ("trunk", False), (2, True), ("trunk", True)]
)
def test_the_speed_is_that_of_the_steps_after_the_first(clock, frozen, cached):
    net = build({"architecture": "small_cnn"}, 3, seed=0)
    groups = layer_groups(net, head_parameters(net, "small_cnn", 3))
    before = {name for name, value in net.named_parameters() if not value.stop_gradient}
    found = images_per_second(net, "small_cnn", groups, Phase(1, 32, frozen), 4, cached)
    assert found == pytest.approx(4 / 0.6)
    assert {name for name, value in net.named_parameters() if not value.stop_gradient} == before
    assert all(layer.training for layer in net.sublayers(include_self=True))


def test_frozen_layers_get_no_gradient_and_keep_their_statistics(monkeypatch):
    net = build({"architecture": "small_cnn"}, 3, seed=0)
    groups = layer_groups(net, head_parameters(net, "small_cnn", 3))
    seen = []
    original = paddle.Tensor.backward

    def backward(loss):
        original(loss)
        seen.append({name for name, value in net.named_parameters() if value.grad is not None})

    monkeypatch.setattr(paddle.Tensor, "backward", backward)
    mean = net.state_dict()["stages.0.1._mean"].numpy()
    learning = net.state_dict()["stages.3.1._mean"].numpy()
    images_per_second(net, "small_cnn", groups, Phase(1, 32, 2), 4, False)
    assert not any(name.startswith(("stages.0", "stages.1")) for name in seen[-1])
    assert {"stages.2.0.weight", "classifier.weight"} <= seen[-1]
    assert (net.state_dict()["stages.0.1._mean"].numpy() == mean).all()
    assert (net.state_dict()["stages.3.1._mean"].numpy() != learning).any()


@pytest.fixture
def measured(monkeypatch):
    """Let a process do 100 images a second, at 16 pixels 400; record the calls."""
    calls = []

    def fake(net, architecture, groups, phase, batch_size, cached):
        calls.append((phase.image_size, phase.frozen, batch_size, cached))
        return 400.0 if phase.image_size == 16 else 100.0

    monkeypatch.setattr(summarise_models, "images_per_second", fake)
    monkeypatch.setattr(summarise_models.os, "cpu_count", lambda: 4)
    return calls


def test_the_minutes_are_rows_times_epochs_by_speed(measured):
    found = summarise("a", SETTINGS, 3, rows=3000)
    assert found.minutes == pytest.approx(3000 * 4 / 100 / 60)
    assert measured == [(32, 0, 8, False)]
    assert "3000 rows" in found.timed


def test_each_kind_of_phase_is_timed_once(measured):
    phases = [
        {"epochs": 2, "image_size": 16, "frozen": "trunk"},
        {"epochs": 1, "image_size": None, "frozen": 2},
        {"epochs": 3, "image_size": 16, "frozen": "trunk"},
    ]
    found = summarise("a", {**SETTINGS, "phases": phases}, 3, rows=6000)
    assert [call[:2] for call in measured] == [(16, "trunk"), (32, 2)]
    assert found.minutes == pytest.approx((6000 * 5 / 400 + 6000 / 100) / 60)
    learning = sum(cost.parameters for cost in found.costs[2:])
    assert found.learnable == learning < found.parameters


@pytest.mark.parametrize(("replicas", "faster"), [(2, 2), (4, 4), (8, 4)])
def test_replicas_share_the_batch_and_run_on_as_many_cores_as_there_are(measured, replicas, faster):
    found = summarise("a", {**SETTINGS, "batch_size": 16, "replicas": replicas}, 3, rows=3000)
    assert measured[0][2] == 16 // replicas
    assert found.minutes == pytest.approx(3000 * 4 / (100 * faster) / 60)


def test_a_linear_probe_is_not_timed(measured):
    found = summarise("a", {**SETTINGS, "method": "linear_probe"}, 3, rows=0)
    assert measured == []
    assert found.minutes is None
    assert found.learnable == 257 * 3
    assert "seconds" in to_text(found, None, 1)


def test_the_weights_are_not_looked_for(measured):
    settings = {**SETTINGS, "pretrained": True, "weights": "nowhere.pth"}
    assert summarise("a", settings, 3, rows=100).parameters


def example(**changes):
    costs = [
        GroupCost("stem", (32, 16, 16), 1, 1_000_000, 500, 2_000_000_000),
        GroupCost("classifier", (3,), 1, 249_500, 0, 1500),
    ]
    values = {
        "name": "a",
        "architecture": "small_cnn",
        "image_size": 32,
        "costs": costs,
        "learnable": 249_500,
        "minutes": 1.5,
        "timed": "100 rows",
    }
    return Summary(**{**values, **changes})


def test_the_table_has_a_row_a_model():
    table = to_csv([example(), example(name="b", minutes=None)], limit=20, models=2)
    assert table.splitlines() == [
        "model,architecture,image_size,layers,groups,parameters,learnable_parameters,macs,"
        "megabytes,share_of_limit,minutes_per_fold",
        "a,small_cnn,32,2,2,1249500,249500,2000001500,5.000,0.500,1.50",
        "b,small_cnn,32,2,2,1249500,249500,2000001500,5.000,0.500,seconds",
    ]
    assert "5.000,,1.50" in to_csv([example()], limit=None, models=1)


def test_the_text_numbers_the_groups_and_tells_size_and_time():
    text = to_text(example(), limit=20, models=2)
    lines = text.splitlines()
    assert lines[0] == "a: small_cnn, input 32 x 32"
    assert " ".join(lines[3].split()) == "1 stem 32 x 16 x 16 1,000,000 2.00 G"
    assert lines[4].split() == ["2", "classifier", "3", "249,500", "1.5", "k"]
    assert "1,249,500 parameters, of which 249,500 learn" in text
    assert "5.00 MB of float32 weights; 2 models: 50% of the contest's limit of 20 MB" in text
    assert "about 1.5 minutes of training per fold (100 rows)" in text
    assert "limit" not in to_text(example(), limit=None, models=2)


def test_the_command_writes_the_table_and_a_text_a_model(tmp_path, monkeypatch, measured, capsys):
    manifest = tmp_path / "trainset" / "plain" / "fold0" / "manifest.parquet"
    row = {"image_id": "a", "copy": 0, "label": 0, "fold": 1, "seed": 1}
    write_table(pa.Table.from_pylist([row] * 60, schema=MANIFEST), manifest, MANIFEST)
    classes = tmp_path / "classes.csv"
    classes.write_text("label,class_num,name,photos\n0,0,good,5\n1,1,bad,5\n")
    models = {"cnn": SETTINGS, "probe": {**SETTINGS, "method": "linear_probe", "recipe": "other"}}
    cfg = json.dumps({"models": models, "limit": None, "handed_in": 1})
    texts = [tmp_path / "cnn.txt", tmp_path / "probe.txt"]
    inputs = ["--cfg", cfg, "--classes", str(classes), "--manifests", str(manifest)]
    outputs = ["--table", str(tmp_path / "summary.csv"), "--texts", *map(str, texts)]
    monkeypatch.setattr("sys.argv", ["summarise_models.py", *inputs, *outputs])
    summarise_models.main()
    told = capsys.readouterr().out
    assert "60 rows" in texts[0].read_text()
    assert "seconds" in texts[1].read_text()
    assert all(text.read_text() in told for text in texts)
    rows = (tmp_path / "summary.csv").read_text().splitlines()
    assert [line.partition(",")[0] for line in rows] == ["model", "cnn", "probe"]
    assert rows[1].endswith(f",{60 * 4 / 100 / 60:.2f}")
