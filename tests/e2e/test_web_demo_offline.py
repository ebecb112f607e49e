"""The page that grades photos and its server: gone, shared, redirecting, with a fault."""

import http
import shutil
from pathlib import Path

import pytest
from browsing import (
    KEPT,
    READY,
    SilentHandler,
    choose,
    hold_description,
    open_ready,
    served,
)
from playwright.sync_api import expect
from web_folder import model_of, page_of

pytest_plugins = ["page_fixtures"]


def test_the_page_works_after_its_server_is_gone(visit, folder, photo):
    with served(folder) as address:
        page = visit(address)
        page.evaluate(KEPT)
    page.context.set_offline(True)
    page.reload()
    page.wait_for_selector(READY, state="attached")
    choose(page, photo)
    expect(page.locator(".grade")).to_be_visible()


def test_pages_of_one_origin_leave_each_other_what_they_keep(new_page, folder, photo, tmp_path):
    for name in ("one", "two"):
        shutil.copytree(folder, tmp_path / "served" / name)
    page = new_page()
    with served(tmp_path / "served") as address:
        for name in ("one", "two"):
            open_ready(page, f"{address}{name}/")
            page.evaluate(KEPT)
        kept = page.evaluate("caches.keys()")
        assert sorted(name.split()[1] for name in kept) == [f"{address}one/", f"{address}two/"]
    page.context.set_offline(True)
    for name in ("one", "two"):
        open_ready(page, f"{address}{name}/")
        choose(page, photo)


class Redirecting(SilentHandler):
    """Sends who asks for index.html to its folder, as some hosts do."""

    def do_GET(self) -> None:
        if not self.path.endswith("/index.html"):
            super().do_GET()
            return
        self.send_response(http.HTTPStatus.MOVED_PERMANENTLY)
        self.send_header("Location", "./")
        self.end_headers()


def test_index_html_works_offline_where_the_host_redirects_it(visit, folder, photo):
    with served(folder, Redirecting) as address:
        page = visit(address)
        page.evaluate(KEPT)
    page.context.set_offline(True)
    for name in ("index.html", "index.html?from=elsewhere", ""):
        open_ready(page, address + name)
        choose(page, photo)
    page.goto(address)
    licence = page.get_by_role("link", name="LICENSE").get_attribute("href")
    page.goto(address + licence)
    expect(page.locator("body")).to_contain_text("MIT License")


def test_nothing_is_asked_of_another_origin_and_no_policy_is_broken(visit, address, photos):
    page = visit(address)
    choose(page, *photos[:3])
    page.click(".heat-switch >> nth=0")
    page.evaluate(KEPT)
    assert page.said == []
    assert {url for url in page.asked if not url.startswith((address, f"blob:{address}"))} == set()


def test_neither_page_nor_worker_can_reach_another_origin(visit, address, tmp_path):
    (tmp_path / "index.html").write_text("elsewhere")
    with served(tmp_path) as elsewhere:
        page = visit(address)
        reach = "url => fetch(url, {mode: 'no-cors'}).then(() => 'reached', () => 'refused')"
        assert page.evaluate(reach, elsewhere) == "refused"
        (worker,) = page.workers
        assert worker.evaluate(reach, elsewhere) == "refused"
    assert any("Content Security Policy" in said for said in page.said)


def cut_short(folder: Path) -> str:
    model = model_of(folder)
    model.write_bytes(model.read_bytes()[:-1])
    return "bytes, not"


def too_long(folder: Path) -> str:
    model = model_of(folder)
    model.write_bytes(model.read_bytes() + b"more")
    return "bytes, not"


def no_network(folder: Path) -> str:
    model = model_of(folder)
    model.write_bytes(b"\0" * model.stat().st_size)
    return "could not be loaded"


def gone(folder: Path) -> str:
    model_of(folder).unlink()
    return "404"


def no_description(folder: Path) -> str:
    (page_of(folder) / "about.json").unlink()
    return "about.json: 404"


def no_runtime(folder: Path) -> str:
    next(folder.glob("runtime-*/ort.wasm.min.js")).unlink()
    return "ort.wasm.min.js"


def no_worker(folder: Path) -> str:
    (page_of(folder) / "worker.js").unlink()
    return "worker.js"


@pytest.mark.parametrize(
    "harm", [cut_short, too_long, no_network, gone, no_description, no_runtime, no_worker]
)
def test_why_no_model_is_there_stays_on_the_page(new_page, folder, photo, tmp_path, harm):
    shutil.copytree(folder, tmp_path / "web")
    why = harm(tmp_path / "web")
    page = new_page()
    with served(tmp_path / "web") as address:
        go_on = hold_description(page)
        page.goto(address)
        page.set_input_files("#choose", [photo, photo])
        go_on()
        expect(page.locator(".card.failed")).to_have_count(2)
        for card in page.locator(".card.failed").all():
            expect(card).to_contain_text(why)
        expect(page.locator("#state")).to_contain_text("The model could not be loaded")
        expect(page.locator("#choose")).to_be_disabled()
        page.click("#clear")
        expect(page.locator("#state")).to_contain_text(why)
        assert page.locator("progress").is_hidden()


def test_a_worker_that_breaks_down_later_is_told_of_too(visit, address, photo):
    page = visit(address)
    choose(page, photo)
    page.workers[0].evaluate("() => { setTimeout(() => { throw new Error('out of it') }) }")
    expect(page.locator("#state")).to_contain_text("The page cannot go on (Uncaught Error: out of")
    expect(page.locator("#choose")).to_be_disabled()
    expect(page.locator(".card:not(.failed)")).to_have_count(1)


def test_a_browser_that_is_too_old_is_told_so(new_page, address):
    page = new_page()
    page.add_init_script("delete self.OffscreenCanvas")
    page.goto(address)
    expect(page.locator("#state")).to_contain_text("too old for this page")
    expect(page.locator("#choose")).to_be_disabled()
