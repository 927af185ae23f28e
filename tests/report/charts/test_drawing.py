import xml.etree.ElementTree as ElementTree

from hostile_runs import SCRIPT

from mevqa.report.charts.drawing import PIXELS, Drawing
from mevqa.report.charts.palette import mixed


def full_drawing() -> Drawing:
    chart = Drawing(120, 80, f"all shapes {SCRIPT}")
    chart.rectangle(10, 10, 30, 20, "blue", title=SCRIPT, choose={"class": SCRIPT})
    chart.line([(0, 40), (60, 40), (60, 70)], "red", width=3, dashed=True)
    chart.circle(90, 40, 10, "green")
    chart.text(60, 75, SCRIPT, anchor="middle", bold=True)
    return chart


def test_the_svg_is_xml_and_texts_stay_texts():
    for alone in (True, False):
        root = ElementTree.fromstring(full_drawing().svg(alone=alone))
        tags = {element.tag.split("}")[1] for element in root.iter()}
        assert "script" not in tags
        assert [element.text for element in root.iter() if element.tag.endswith("}text")] == [SCRIPT]
        assert root.attrib["aria-label"] == f"all shapes {SCRIPT}"


def test_the_picture_is_the_same_drawing():
    picture = full_drawing().picture()
    assert picture.size == (120 * PIXELS, 80 * PIXELS)
    assert picture.getpixel((25 * PIXELS, 20 * PIXELS)) == mixed("blue", 1)
    assert picture.getpixel((90 * PIXELS, 40 * PIXELS)) == mixed("green", 1)
    assert picture.getpixel((0, 0)) == (255, 255, 255)


def test_opacity_mixes_with_the_paper():
    chart = Drawing(10, 10, "")
    chart.rectangle(0, 0, 10, 10, "ink", opacity=0.5)
    assert chart.picture().getpixel((10, 10)) == (143, 146, 152)


def test_a_rectangle_without_extent_draws_nothing():
    chart = Drawing(10, 10, "")
    chart.rectangle(2, 2, 0, 5, "red")
    assert set(chart.picture().getdata()) == {(255, 255, 255)}
