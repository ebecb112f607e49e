"""Files are written whole or not at all, and a person is told what went wrong."""

import errno
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from zest.errors import UserError, run
from zest.files import atomic_path, csv_text, sha256, write_json, write_text
from zest.intervals import Score


def test_a_file_appears_only_when_it_is_whole(tmp_path):
    target = tmp_path / "new" / "table.csv"
    with atomic_path(target) as part:
        part.write_text("whole")
        assert not target.exists()
        assert part.suffix == ".csv"
    assert target.read_text() == "whole"


def test_after_an_error_the_old_file_stays_and_nothing_is_left_beside_it(tmp_path):
    target = tmp_path / "table.csv"
    target.write_text("old")
    with pytest.raises(FileNotFoundError), atomic_path(target) as part:
        part.write_text((tmp_path / "absent").read_text())
    assert target.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["table.csv"]


def test_a_kill_while_writing_leaves_no_file_of_the_final_name(tmp_path):
    code = (
        "import os, signal\nfrom zest.files import atomic_path\n"
        "with atomic_path('table.csv') as part:\n"
        "    part.write_text('half')\n    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    scripts = Path(__file__).parents[2] / "scripts"
    environment = {**os.environ, "PYTHONPATH": str(scripts)}
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=environment, check=False)
    assert not (tmp_path / "table.csv").exists()


def test_a_full_disk_while_writing_leaves_the_old_file(tmp_path, monkeypatch):
    target = tmp_path / "table.csv"
    target.write_text("old")

    def full(descriptor):
        raise OSError(errno.ENOSPC, "No space left on device", str(target))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        write_text(target, "new")
    assert target.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["table.csv"]


def test_the_mode_of_a_file_is_that_of_any_new_file(tmp_path):
    write_text(tmp_path / "one", "")
    (tmp_path / "two").write_text("")
    assert (tmp_path / "one").stat().st_mode == (tmp_path / "two").stat().st_mode


def test_line_ends_are_written_as_they_are(tmp_path):
    write_text(tmp_path / "crlf.csv", "a\r\nb\n")
    assert (tmp_path / "crlf.csv").read_bytes() == b"a\r\nb\n"


def test_json_names_what_a_dataclass_holds_and_has_null_for_what_is_no_number(tmp_path):
    scores = {"é": Score(float("nan"), float("-inf"), np.float64(0.5), 3), "none": None}
    write_json(tmp_path / "scores.json", [scores, (1, True)])
    text = (tmp_path / "scores.json").read_text(encoding="utf-8")
    assert json.loads(text) == [
        {"é": {"value": None, "low": None, "high": 0.5, "n": 3}, "none": None},
        [1, True],
    ]
    assert text.startswith('[\n  {\n    "é"')
    assert text.endswith("]\n")


def test_csv_quotes_where_it_must_and_ends_each_line_with_one_line_feed():
    assert csv_text(["a", "b"], [["x,y", 1], ['"', ""]]) == 'a,b\n"x,y",1\n"""",\n'
    assert csv_text(["a", "b"], []) == "a,b\n"


def test_sha256_is_that_of_the_content(tmp_path):
    (tmp_path / "abc").write_bytes(b"abc")
    assert sha256(tmp_path / "abc").startswith("ba7816bf8f01cfea")


@pytest.mark.parametrize(
    ("error", "code", "told"),
    [
        (UserError("row 3: no label"), 2, "row 3: no label"),
        (PermissionError(errno.EACCES, "denied", "out.csv"), 2, "out.csv: no permission"),
        (OSError(errno.EROFS, "read-only", "out.csv"), 2, "out.csv: it lies on a read-only"),
        (OSError(errno.ENOSPC, "full", "out.csv"), 1, "out.csv: the disk is full"),
    ],
)
def test_a_mistake_is_told_in_one_line_with_its_exit_code(error, code, told, capsys):
    def main():
        raise error

    with pytest.raises(SystemExit) as ended:
        run(main)
    assert ended.value.code == code
    assert capsys.readouterr().err.startswith(f"error: {told}")


def test_a_failure_of_ours_keeps_its_traceback():
    def main():
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        run(main)
