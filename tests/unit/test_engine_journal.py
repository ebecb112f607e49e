"""What VisualDL is given of a training."""

import pytest
from visualdl import LogReader

from zest.engine.journal import Journal
from zest.models.groups import head_parameters, layer_groups
from zest.models.registry import build


@pytest.fixture
def journal(tmp_path):
    journal = Journal("m fold 0", 1, tmp_path)
    yield journal
    journal.close()


def test_the_graph_of_a_network_is_recorded(journal, tmp_path, capsys):
    journal.show_graph(build({"architecture": "small_cnn"}, 3, seed=0), 32)
    assert list(tmp_path.glob("vdlgraph*"))
    assert capsys.readouterr().err == ""


def test_a_network_that_cannot_be_exported_is_a_warning_and_no_failure(journal, tmp_path, capsys):
    journal.show_graph(build({"architecture": "lenet5"}, 3, seed=0), 32)
    assert not list(tmp_path.glob("vdlgraph*"))
    told = capsys.readouterr().err
    assert told.startswith("warning: [m fold 0] VisualDL shows no graph: ")
    assert told.count("\n") == 1


def test_there_is_one_histogram_a_group_of_layers(journal, tmp_path):
    net = build({"architecture": "small_cnn"}, 3, seed=0)
    groups = layer_groups(net, head_parameters(net, "small_cnn", 3))
    journal.show_weights(net, groups, 1)
    journal.writer.flush()
    (file,) = tmp_path.glob("vdlrecords*")
    reader = LogReader(file_path=str(file))
    shown = {tag: reader.get_data("histogram", tag) for tag in reader.get_tags()["histogram"]}
    assert list(shown) == [f"weights/{group.name}" for group in groups]
    sizes = {name: one.size for name, one in net.named_parameters() if one.ndim > 1}
    for group, (record,) in zip(groups, shown.values(), strict=True):
        counted = sum(record.histogram.hist)
        assert counted == sum(sizes.get(name, 0) for name in group.parameters) > 0
