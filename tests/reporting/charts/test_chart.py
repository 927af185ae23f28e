"""Common base of all charts: files in three forms, texts of others, settings of matplotlib."""

import io
import re
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from concurrent.futures import ThreadPoolExecutor

import matplotlib
import pytest
from hostile_runs import SCRIPT
from PIL import Image

from mevqa.reporting.charts.chart import LIGHT, Chart, describe, fitted
from mevqa.reporting.charts.score_charts import Bar, bar_chart

NAMES = [SCRIPT, "$\\frac{x$ & $y$", "two\nlines", "tab\tbell\x07\x00\ufffe", "訪談", "אבג", "_private", "", "x" * 400]


def named_chart(name):
    return bar_chart([Bar(name, (0.5, 0.25), name, name)], ("F1", "recall"), f"all about {name}")


def elements(svg):
    return [(element.tag.split("}")[1], element) for element in ElementTree.fromstring(svg).iter()]


def test_the_svg_is_xml_and_texts_stay_texts():
    for alone in (True, False):
        parsed = elements(named_chart(SCRIPT).svg(alone=alone))
        assert {tag for tag, _ in parsed} <= {"svg", "title", "style", "rect", "path", "text", "g"}
        texts = [element.text for tag, element in parsed if tag == "text"]
        assert fitted(SCRIPT) in texts and SCRIPT in texts
        assert f"{SCRIPT}: F1 0.500; {SCRIPT}" in [element.text for tag, element in parsed if tag == "title"]
        assert parsed[0][1].attrib["aria-label"] == f"all about {SCRIPT}"
        assert not any(key == "id" or key.startswith("on") for _, element in parsed for key in element.attrib)


@pytest.mark.parametrize("name", NAMES)
def test_any_name_can_be_drawn_in_every_form(name):
    chart = named_chart(name)
    texts = [element.text for tag, element in elements(chart.svg(alone=True)) if tag == "text"]
    assert not name or fitted(name) in texts
    assert chart.pdf().startswith(b"%PDF")
    assert chart.picture().size == (1000, 2 * chart.height)


def test_dollar_signs_are_dollar_signs():
    assert ">$x^2$</text>" in named_chart("$x^2$").svg()


def test_a_chart_is_the_same_each_time():
    first, second = (named_chart("one") for _ in "ab")
    assert first.svg(alone=True) == second.svg(alone=True)
    assert first.pdf() == second.pdf()
    assert first.picture().tobytes() == second.picture().tobytes()
    assert first.svg() == first.svg()


def test_all_files_of_a_chart_come_from_one_drawing():
    drawn = []

    def draw(figure):
        drawn.append(figure)
        figure.set_layout_engine("constrained")
        figure.subplots().plot([0, 1], [0, 1])

    chart = Chart(200, 100, "line", draw)
    files = chart.files()
    assert chart.svg(alone=True).encode() == files[".svg"] == Chart(200, 100, "line", draw).svg(alone=True).encode()
    assert files[".pdf"].startswith(b"%PDF") and len(drawn) == 2
    assert Image.open(io.BytesIO(files[".png"])).tobytes() == chart.picture().tobytes()


def test_the_page_chooses_the_colours_and_a_file_has_the_light_ones():
    page, alone = (named_chart("one").svg(alone=alone) for alone in (False, True))
    assert "fill: var(--blue)" in page and not re.search("#[0-9a-f]{6}", page)
    assert f"fill: {LIGHT['blue']}" in alone and "var(" not in alone
    assert page.count("font-family") == 0 and alone.count("font-family") == 1


def test_colours_in_texts_stay_texts():
    assert f">{LIGHT['blue']}</text>" in named_chart(LIGHT["blue"]).svg()


def test_the_settings_of_a_program_are_left_alone_and_do_not_count():
    before = dict(matplotlib.rcParams)
    expected = named_chart("one").svg()
    assert dict(matplotlib.rcParams) == before
    with matplotlib.rc_context({"font.size": 40, "axes.facecolor": "red", "svg.fonttype": "path"}):
        assert named_chart("one").svg() == expected


def test_threads_draw_what_one_would():
    expected = [named_chart(f"{number}").svg() for number in range(6)]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(lambda number: named_chart(f"{number}").svg(), range(6))) == expected


def test_matplotlib_is_read_when_something_is_drawn_and_never_its_windows():
    script = (
        "import sys, mevqa.reporting; assert 'matplotlib' not in sys.modules;"
        "from mevqa.reporting.charts.score_charts import forest_chart; forest_chart([], 'x').svg();"
        "assert 'matplotlib' in sys.modules and 'matplotlib.pyplot' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", script], check=True)


def test_several_shapes_of_one_meaning_have_one_title():
    def draw(figure):
        (line,) = figure.subplots().plot([0, 1], [0, 1], "o-")
        describe(line, "a < b")

    svg = Chart(100, 100, "line", draw).svg()
    assert svg.count("<title>a &lt; b</title>") == 1 and "<use" not in svg


@pytest.mark.parametrize(
    "name, most, expected", [("abc", 3, "abc"), ("abcd", 3, "ab…"), ("訪談者", 5, "訪談…"), (" a\n b ", 9, "a b")]
)
def test_long_names_are_cut(name, most, expected):
    assert fitted(name, most) == expected
