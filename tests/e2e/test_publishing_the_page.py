"""`snakemake web_demo` from trained models to a photo that is graded in Chromium."""

import json
from pathlib import Path

import numpy as np
import pytest
from browsing import served
from conftest import snakemake
from playwright.sync_api import expect
from web_folder import page_of

from deployment.client.predict import Model
from zest.leader import choose_model

pytest_plugins = ["page_fixtures"]


@pytest.fixture(scope="module")
def published(shared_project, chromium, npm) -> Path:
    done = snakemake(shared_project, "-j2", "web_demo")
    assert done.returncode == 0, done.stdout + done.stderr
    return shared_project / "results/tiny/web"


def test_the_leader_is_published_and_grades_as_it_was_exported(published, shared_project, chromium):
    told = json.loads((page_of(published) / "about.json").read_text())
    assert told["model"] == choose_model(shared_project / "results/tiny/leaderboard.csv")
    photo = next((shared_project / "photos/test_images").iterdir())
    with served(published) as address:
        page = chromium.new_page()
        page.goto(address)
        page.set_input_files("#choose", photo)
        expect(page.locator(".share")).to_be_visible(timeout=30_000)
        share = float(page.locator(".share").text_content().rstrip("%")) / 100
        expect(page.locator("#scored")).to_contain_text(f"of {told['scores']['accuracy']['n']} ")
    (expected,) = Model(published / told["model_file"], 1).predict([photo])
    assert np.isclose(share, expected.max(), atol=6e-4)


def test_nothing_runs_again_once_it_is_published(published, shared_project):
    done = snakemake(shared_project, "-n", "web_demo")
    assert "Nothing to be done" in done.stdout + done.stderr
