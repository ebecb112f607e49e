"""Edits of a project, each in one place: of its configuration, its code, its files."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import yaml
from PIL import Image


def configured(change: Callable[[dict], None]) -> Callable[[Path], None]:
    """Make an edit of the configuration from a change of its content."""

    def edit(project: Path) -> None:
        path = project / "config/tiny.yaml"
        config = yaml.safe_load(path.read_text())
        change(config)
        path.write_text(yaml.safe_dump(config, sort_keys=False))

    return edit


def configure(project: Path, **sections: object) -> None:
    """Write whole sections of the configuration anew."""
    configured(lambda config: config.update(sections))(project)


def setting(path: str, value: object) -> Callable[[Path], None]:
    """Make an edit of one key of the configuration, named by its path."""

    def change(config: dict) -> None:
        *sections, key = path.split(".")
        for section in sections:
            config = config.setdefault(section, {})
        config[key] = value

    return configured(change)


def source(path: str, old: str, new: str) -> Callable[[Path], None]:
    """Make an edit of a source file that replaces one text by another."""

    def edit(project: Path) -> None:
        text = (project / path).read_text()
        assert text.count(old) >= 1, f"{old!r} is not in {path}"
        (project / path).write_text(text.replace(old, new, 1))

    return edit


def appended(path: str, text: str) -> Callable[[Path], None]:
    """Make an edit of a source file that adds text at its end."""

    def edit(project: Path) -> None:
        with open(project / path, "a") as file:
            file.write(text)

    return edit


def new_photo(name: str) -> Callable[[Path], None]:
    """Make an edit that puts another photo in the place of one, or where there was none."""

    def edit(project: Path) -> None:
        Image.new("RGB", (64, 64), "green").save(project / "photos" / name)

    return edit


def touched(path: str) -> Callable[[Path], None]:
    """Make an edit that changes the time of a file and nothing else."""
    return lambda project: os.utime(project / path)


def removed(*paths: str) -> Callable[[Path], None]:
    """Make an edit that deletes files or folders."""

    def edit(project: Path) -> None:
        for path in paths:
            target = project / path
            if target.is_dir():
                shutil.rmtree(target)
            else:
                target.unlink()

    return edit
