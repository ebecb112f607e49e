"""What the page that grades photos says, and how it is set, in English, Chinese and Japanese."""

import pytest
from browsing import choose
from playwright.sync_api import Page, expect
from web_folder import SCORE, SCRIPTS

from zest.metrics import TITLES

pytest_plugins = ["page_fixtures"]

LANGUAGES = ("en", "zh", "ja")


@pytest.mark.parametrize(
    ("locale", "said"),
    [("ja-JP", "写真を判定する"), ("zh-CN", "为照片评级"), ("fr-FR", "Grade a photo")],
)
def test_the_page_speaks_the_language_of_its_reader(visit, address, photo, locale, said):
    page = visit(address, locale=locale)
    expect(page.locator("h1")).to_have_text(said)
    choose(page, photo)
    page.select_option("#language", "ja")
    page.click(".heat-switch")
    expect(page.locator(".heat-switch")).to_have_text("ヒートマップ")
    expect(page.locator(".spoke")).to_contain_text("の根拠は主に")
    assert page.locator("html").get_attribute("lang") == "ja"
    page.reload()
    expect(page.locator("h1")).to_have_text("写真を判定する")  # it is remembered
    assert page.evaluate("Object.keys(localStorage)") == ["zest-language"]


def texts_of(modules) -> dict[str, dict[str, str]]:
    """Return the texts of each language; of one that is a function nothing but its name."""
    found: dict[str, dict[str, str]] = modules.evaluate(
        """async () => {
          const { TEXTS } = await import('./texts.js')
          return Object.fromEntries(Object.entries(TEXTS).map(([language, texts]) => [language,
            Object.fromEntries(Object.entries(texts).map(([key, text]) => [key, String(text)]))]))
        }"""
    )
    return found


def test_every_text_is_there_in_every_language(modules):
    texts = texts_of(modules)
    assert tuple(texts) == LANGUAGES
    assert len(texts["en"]) > 30
    assert texts["en"].keys() == texts["zh"].keys() == texts["ja"].keys()


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_metric_has_a_name_and_a_clause_that_says_what_it_is(modules, language):
    texts = texts_of(modules)
    for metric, title in TITLES.items():
        assert texts["en"][metric] == title
        name = texts[language][metric]
        if metric != "accuracy":  # `scored` tells what it is
            told = texts[language][f"{metric}_is"]
            assert told.startswith(name)
            assert len(told) > len(name) + 15
        if language != "en":
            assert name != title


@pytest.mark.parametrize(
    ("language", "connection", "others"),
    [
        ("en", "internet connection", ("network", " interval ")),
        ("zh", "网络连接", ("网络", "区间")),
        ("ja", "インターネット接続", ("ネットワーク", "区間", "復号")),
    ],
)
def test_a_word_means_one_thing(language, connection, others):
    text = (SCRIPTS / f"web_demo/text_{language}.js").read_text()
    assert connection in text
    left = text.replace(connection, "").replace("confidence interval", "")
    left = left.replace("置信区间", "").replace("信頼区間", "")
    assert [word for word in others if word in left] == []


@pytest.mark.parametrize(
    ("language", "limit", "interval", "metric"),
    [
        ("en", "100 megapixels", "95% confidence interval 0.82 to 0.95", "macro F1: how many"),
        ("zh", "、1 亿像素", "95% 置信区间：0.82 至 0.95", "宏平均 F1：对每个等级"),
        ("ja", "、1 億画素", "95% 信頼区間 0.82 ～ 0.95", "マクロ F1：等級ごと"),
    ],
)
def test_numbers_and_the_metric_are_told_in_the_language(
    visit, address, language, limit, interval, metric
):
    page = visit(address)
    page.select_option("#language", language)
    expect(page.locator("#limits")).to_contain_text(limit)
    expect(page.locator("#scores")).to_contain_text(interval)
    expect(page.locator(".meaning")).to_contain_text(metric)


# The fonts that letters of an element are set in, of those that are installed.
FONTS = "CSS.getPlatformFontsForNode"


def fonts_of(page: Page, selector: str) -> set[str]:
    session = page.context.new_cdp_session(page)
    session.send("DOM.enable")
    session.send("CSS.enable")
    root = session.send("DOM.getDocument")["root"]["nodeId"]
    asked = {"nodeId": root, "selector": selector}
    node = session.send("DOM.querySelector", asked)["nodeId"]
    return {font["familyName"] for font in session.send(FONTS, {"nodeId": node})["fonts"]}


@pytest.mark.parametrize(
    ("language", "own", "other"), [("zh", "CJK SC", "CJK JP"), ("ja", "CJK JP", "CJK SC")]
)
def test_characters_have_the_shapes_of_their_language(visit, address, photo, language, own, other):
    page = visit(address)
    choose(page, photo)
    page.select_option("#language", language)
    for selector, kind in (("h1", "Serif"), ("#limits", "Sans"), ("#scored", "Sans")):
        order = page.locator(selector).evaluate("e => getComputedStyle(e).fontFamily")
        assert f"Noto {kind} {own}" in order
        assert f"Noto {kind} {other}" not in order
        set_in = fonts_of(page, selector)
        if any("CJK" in font for font in set_in):  # the fonts are installed here
            assert f"Noto {kind} {own}" in set_in
            assert f"Noto {kind} {other}" not in set_in


def test_one_photo_is_not_told_of_in_the_plural(modules):
    told = modules.evaluate(
        """async () => {
          const { EN } = await import('./text_en.js')
          return [1, 2].map(n => [EN.toldAll({ photos: n, failed: 4 }), EN.others({ classes: n }),
            EN.count({ photos: n }), EN.number({ most: 100, left: n })].join('; '))
        }"""
    )
    assert "1 photo graded, 4 could not be; 1 other; 1 photo; " in told[0]
    assert "1 was left out" in told[0]
    assert "2 photos graded, 4 could not be; 2 others; 2 photos; " in told[1]
    assert "2 were left out" in told[1]


@pytest.mark.parametrize(
    ("scored", "said"),
    [
        ("own", ["that it had not learned from", "未参与训练的照片", "学習に使っていない写真"]),
        ("folds", ["of 5 models", "来自 5 个模型", "5 個のモデル"]),
        ("all", ["learned from all of them", "学习了全部照片", "すべての写真から学んでいます"]),
    ],
)
def test_whose_scores_they_are_is_told_in_every_language(new_page, address, scored, said):
    page = new_page()

    def tell(route) -> None:
        route.fulfill(json={**route.fetch().json(), "scored": scored, "folds": 5})

    page.route("**/about.json", tell)
    page.goto(address)
    for language, words in zip(("en", "zh", "ja"), said, strict=True):
        page.select_option("#language", language)
        expect(page.locator("#scored")).to_contain_text(words)
    expect(page.locator("#scores")).to_contain_text(f"{SCORE['value']:.0%}")
