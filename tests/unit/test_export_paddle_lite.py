"""Paddle Lite's converter is called as its manual says, and is not missed in silence."""

from pathlib import Path

import pytest

import export_paddle_lite
from exported_folder import PROGRAMS, call
from zest.errors import UserError

# What stands in for the converter: it keeps how it was called, and writes what it is told to.
CONVERTER = """#!/bin/sh
echo "$@" > called.txt
for word; do case $word in --optimize_out=*) out=${word#--optimize_out=} ;; esac; done
{result}
"""
ARGUMENTS = ["--program", PROGRAMS, "--target", "arm", "--out", "model.nb"]


@pytest.fixture
def install(in_exported, monkeypatch):
    """Put a converter on the PATH that ends in some way."""

    def put(result: str) -> None:
        folder = Path("bin")
        folder.mkdir()
        (folder / "paddle_lite_opt").write_text(CONVERTER.replace("{result}", result))
        (folder / "paddle_lite_opt").chmod(0o755)
        monkeypatch.setenv("PATH", f"{folder.resolve()}:/usr/bin:/bin")

    return put


def test_the_converter_is_given_program_weights_and_target(install):
    install('echo converted > "$out.nb"')
    call(export_paddle_lite, *ARGUMENTS)
    assert Path("model.nb").read_text() == "converted\n"
    called = Path("called.txt").read_text().split()
    assert f"--model_file={PROGRAMS}/inference.pdmodel" in called
    assert f"--param_file={PROGRAMS}/inference.pdiparams" in called
    assert "--valid_targets=arm" in called
    assert "--optimize_out_type=naive_buffer" in called


def test_where_there_is_none_it_says_how_to_get_it(in_exported, monkeypatch):
    monkeypatch.setenv("PATH", "")
    with pytest.raises(UserError, match=r"pip install paddlelite==2\.13rc0"):
        call(export_paddle_lite, *ARGUMENTS)


@pytest.mark.parametrize("result", ["echo unknown operator; exit 3", "echo unknown operator"])
def test_its_failure_is_told_in_its_own_words(install, result):
    install(result)
    with pytest.raises(UserError, match="unknown operator"):
        call(export_paddle_lite, *ARGUMENTS)
    assert not Path("model.nb").exists()


def test_without_a_program_that_it_reads_it_says_what_to_take(install):
    install("exit 0")
    (PROGRAMS / "inference.pdmodel").unlink()
    with pytest.raises(UserError, match=r"Take model\.onnx instead"):
        call(export_paddle_lite, *ARGUMENTS)
