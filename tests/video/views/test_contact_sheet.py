from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from mevqa.types import View
from mevqa.video.views.contact_sheet import contact_sheet


def view(size, colour, caption="A caption that is long enough to be broken into several lines below its picture."):
    return View("motion", Image.new("RGB", size, colour), caption, (3, 7))


def test_every_picture_is_on_the_sheet():
    colours = [(250, 0, 0), (0, 250, 0), (0, 0, 250), (250, 250, 0), (0, 250, 250)]
    sheet = contact_sheet([view((28, 28), colour) for colour in colours])
    pixels = np.asarray(sheet).reshape(-1, 3)
    for colour in colours:
        assert (pixels == colour).all(axis=1).sum() == 256 * 256
    assert sheet.width == 4 * (256 + 16) + 16


def test_captions_are_drawn_below():
    bare = np.asarray(contact_sheet([view((256, 256), (255, 255, 255), caption="")]))
    captioned = np.asarray(contact_sheet([view((256, 256), (255, 255, 255))]))
    assert captioned.shape[0] > bare.shape[0]
    assert (captioned[290:] < 128).any()


def test_tall_wide_and_grey_pictures_keep_their_shape():
    sheet = contact_sheet([view((40, 80), (250, 0, 0)), View("x", Image.new("L", (300, 100), 9), "")])
    red = (np.asarray(sheet) == (250, 0, 0)).all(axis=2)
    assert red.sum(axis=0).max() == 256 and red.sum(axis=1).max() == 128


def test_no_view_is_refused():
    with pytest.raises(ValueError):
        contact_sheet([])
