"""What VisualDL is given of a training."""

import pytest

from zest.engine.journal import Journal
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
