"""A newer version of the page that grades photos: when it comes, and that it comes whole."""

import os
import shutil
from pathlib import Path

from browsing import KEPT, READY, choose, open_ready, served
from playwright.sync_api import expect
from web_folder import SCRIPTS, build_folder, model_of, write_network

pytest_plugins = ["page_fixtures"]

# Asks for a newer version; returns what became of it.
UPDATE = """() => navigator.serviceWorker.ready.then(found => new Promise(resolve => {
  found.onupdatefound = () => {
    const { installing } = found
    installing.onstatechange = () => resolve(installing.state)
  }
  found.update()
}))"""


def test_a_new_version_takes_over_whole_when_the_page_is_opened_anew(
    new_page, folder, runtime, tmp_path
):
    shutil.copytree(folder, tmp_path / "web")
    page = new_page()
    with served(tmp_path / "web") as address:
        open_ready(page, address)
        page.evaluate(KEPT)
        (before,) = page.evaluate("caches.keys()")
        other = write_network(tmp_path / "m.onnx", "pad")
        build_folder(tmp_path / "web", runtime, other, competition="oranges")
        assert page.evaluate(UPDATE) == "installed"
        open_ready(page, address)  # in a tab that was open: the old version, of one cast
        expect(page.locator("#competition")).to_have_text("lemons")
        expect(page.locator("#use")).to_be_visible()
        page.goto("about:blank")
        page.wait_for_timeout(300)
        open_ready(page, address)
        expect(page.locator("#competition")).to_have_text("oranges")
        page.wait_for_function("caches.keys().then(names => names.length === 1)")
        assert page.evaluate("caches.keys()") != [before]


def test_a_newer_version_is_offered_and_taken_when_the_person_asks(
    new_page, folder, runtime, photo, tmp_path
):
    shutil.copytree(folder, tmp_path / "web")
    page = new_page()
    with served(tmp_path / "web") as address:
        open_ready(page, address)
        page.evaluate(KEPT)
        other = page.context.new_page()
        open_ready(other, address)
        for one in (page, other):
            expect(one.locator("#use")).to_be_hidden()
            choose(one, photo)
        build_folder(tmp_path / "web", runtime, model_of(folder), competition="oranges")
        assert page.evaluate(UPDATE) == "installed"
        expect(page.get_by_role("status").last).to_contain_text("A newer version is here")
        page.select_option("#language", "ja")
        expect(page.locator("#newer")).to_contain_text("新しい版があります")
        expect(other.locator("#use")).to_be_visible()
        expect(page.locator(".card")).to_have_count(1)
        page.focus("#clear")
        for _ in range(3):  # past the licences
            page.keyboard.press("Tab")
        expect(page.locator("#use")).to_be_focused()
        page.keyboard.press("Enter")
        expect(page.locator("#competition")).to_have_text("oranges")
        expect(page.locator("#use")).to_be_hidden()
        expect(other.locator(".card")).to_have_count(1)  # nobody asked here
        choose(other, photo)
        other.click("#use")
        expect(other.locator("#competition")).to_have_text("oranges")


def test_a_newer_version_is_offered_where_the_old_one_fails(new_page, folder, runtime, tmp_path):
    shutil.copytree(folder, tmp_path / "web")
    page = new_page()
    with served(tmp_path / "web") as address:
        open_ready(page, address)
        page.evaluate(KEPT)
        build_folder(tmp_path / "web", runtime, model_of(folder), competition="oranges")
        page.add_init_script("self.Worker = class { constructor() { throw new Error('no') } }")
        page.goto(address)
        expect(page.locator("#state")).to_contain_text("could not be loaded")
        page.click("#use")
        expect(page.locator("#competition")).to_have_text("oranges")


def test_an_update_that_is_half_uploaded_is_kept_when_it_is_whole(
    new_page, folder, runtime, tmp_path
):
    shutil.copytree(folder, tmp_path / "web")
    newer = build_folder(tmp_path / "newer", runtime, model_of(folder), competition="oranges")
    page = new_page()
    with served(tmp_path / "web") as address:
        open_ready(page, address)
        page.evaluate(KEPT)
        shutil.copytree(newer, tmp_path / "web", dirs_exist_ok=True)
        shutil.copy2(folder / "index.html", tmp_path / "web")  # it is on its way
        assert page.evaluate(UPDATE) == "redundant"
        shutil.copy2(newer / "index.html", tmp_path / "web")
        os.utime(tmp_path / "web/index.html", (2e9, 2e9))  # a server tells times in whole seconds
        assert page.evaluate(UPDATE) == "installed"


def test_without_a_service_worker_scripts_and_description_are_of_one_version(
    new_page, folder, runtime, tmp_path
):
    shutil.copytree(folder, tmp_path / "web")
    made_long_ago(tmp_path / "web")
    page = new_page(service_workers="block")
    with served(tmp_path / "web") as address:
        open_ready(page, address)
        scripts = shutil.copytree(SCRIPTS / "web_demo", tmp_path / "scripts")
        with (scripts / "worker.js").open("a") as worker:
            worker.write("self.release = 2\n")
        build_folder(
            tmp_path / "web", runtime, model_of(folder), scripts=scripts, competition="oranges"
        )
        page.reload()
        page.wait_for_selector(READY, state="attached")
        expect(page.locator("#competition")).to_have_text("oranges")
        assert page.workers[0].evaluate("self.release") == 2


def made_long_ago(folder: Path) -> None:
    """Let a browser keep files for weeks: a tenth of their age (RFC 9111, 4.2.2)."""
    for path in folder.rglob("*"):
        os.utime(path, (1e9, 1e9))
