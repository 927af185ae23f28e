from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mevqa.errors import InputError, MediaError
from mevqa.types import Clip, Moment, View
from mevqa.video.face.aligned_face import FaceAligner
from mevqa.video.motion.flow import centre_channels
from mevqa.video.reading.pictures import read_ready_made
from mevqa.video.views import registry
from mevqa.video.views.registry import CAPTIONS, ViewSource, is_of_words, register_view, render_views, view_names


class Footage:
    """Stands in for a video: ten frames of texture that shifts; counts what is read."""

    times_ms = np.arange(10) * 40.0

    def __init__(self) -> None:
        self.asked: list[list[int]] = []
        self._texture = np.random.default_rng(0).integers(0, 256, (300, 300, 3), dtype=np.uint8)

    def frames(self, indices: Sequence[int]) -> list[np.ndarray]:
        self.asked.append(list(indices))
        return [self._texture[index : index + 256, :256] for index in indices]


class Counting(FaceAligner):
    """Cuts nothing out, counts the frames aligned."""

    def __init__(self) -> None:
        self.calls = 0
        self.mode = "none"
        self.has_face = True

    def __call__(self, frame: np.ndarray) -> np.ndarray:
        self.calls += 1
        return frame


def source_of(**changes: object) -> ViewSource:
    given: dict[str, object] = {
        "clip": Clip("c1"),
        "video": Footage(),
        "aligner": Counting(),
        "moments": [Moment(2, "onset"), Moment(5, "apex"), Moment(6, "apex+1"), Moment(9, "offset")],
        "onset": 2,
        "apex": 5,
        "offset": 9,
    }
    return ViewSource(**(given | changes))  # type: ignore[arg-type]


def ready_made(folder: Path, size: int = 28) -> Path:
    path = folder / "c1.png"
    Image.fromarray(np.random.default_rng(1).integers(0, 256, (size, size, 3), dtype=np.uint8)).save(path)
    return path


def test_views_come_in_the_order_asked_for() -> None:
    rendered = render_views(["motion", "apex", "onset"], source_of())
    assert [view.name for view in rendered] == ["motion", "apex", "onset"]
    assert [view.frames for view in rendered] == [(2, 5), (5,), (2,)]
    assert all(view.image.mode == "RGB" for view in rendered)


def test_every_view_is_rendered_with_a_caption() -> None:
    pictures = {name for name in view_names() if not is_of_words(name)}
    rendered = render_views(view_names(), source_of())
    assert {view.name for view in rendered} == pictures
    assert all(view.caption for view in rendered)
    assert pictures - {"frames"} == set(CAPTIONS)


def test_views_of_words_write_one_note_each_and_draw_nothing() -> None:
    words = [name for name in view_names() if is_of_words(name)]
    source = source_of()
    assert render_views(words, source) == [] and len(source.notes) == len(words) == 1


def test_frames_are_all_moments_with_their_times() -> None:
    rendered = render_views(["frames"], source_of())
    assert [view.frames for view in rendered] == [(2,), (5,), (6,), (9,)]
    assert rendered[2].caption == "The aligned face at 240 ms (apex+1)."


def test_video_is_read_once_and_only_what_is_shown_is_aligned() -> None:
    source = source_of()
    render_views(["onset", "apex", "motion", "magnified"], source)
    assert source.video.asked == [[2, 5, 6, 9]]  # type: ignore[union-attr]
    assert source.aligner.calls == 2  # type: ignore[union-attr]


def test_motionless_clip_of_one_frame_is_rendered() -> None:
    source = source_of(moments=[Moment(0, "onset")], onset=0, apex=0, offset=0)
    motion, centred, magnified = render_views(["motion", "motion-centred", "magnified"], source)
    assert np.asarray(centred.image).std() < 1 or np.asarray(motion.image).max() <= 255
    assert np.abs(np.asarray(magnified.image).astype(int) - source.face(0)).mean() < 1


def test_difference_is_grey_where_nothing_changed() -> None:
    source = source_of(onset=3, apex=3)
    drawn = np.asarray(render_views(["difference"], source)[0].image)
    assert (drawn == 128).all()


def test_motion_centred_comes_at_the_size_of_the_published_maps() -> None:
    view = render_views(["motion-centred"], source_of())[0]
    assert view.image.size == (28, 28)
    assert np.abs(np.median(np.asarray(view.image), axis=(0, 1)) - 128).max() <= 1


def test_ready_made_motion_serves_both_motion_views_without_media(tmp_path: Path) -> None:
    path = ready_made(tmp_path)
    source = ViewSource(Clip("c1", pictures={"motion": path}))
    motion, centred = render_views(["motion", "motion-centred"], source)
    drawn = np.asarray(Image.open(path))
    assert np.array_equal(np.asarray(motion.image), drawn)
    assert np.array_equal(np.asarray(centred.image), centre_channels(drawn))
    assert motion.caption == CAPTIONS["motion"]
    assert motion.frames == ()


def test_a_ready_made_picture_is_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[Path] = []
    monkeypatch.setattr(registry, "read_ready_made", lambda path: read.append(path) or read_ready_made(path))
    source = ViewSource(Clip("c1", pictures={"motion": ready_made(tmp_path)}), onset=0, apex=1)
    assert len(render_views(["motion", "motion-centred"], source)) == 2 and source.stillness is None
    assert len(read) == 1


def test_ready_made_picture_goes_before_the_media(tmp_path: Path) -> None:
    source = source_of(clip=Clip("c1", pictures={"apex": ready_made(tmp_path)}))
    assert render_views(["apex"], source)[0].image.size == (28, 28)
    assert source.video.asked == []  # type: ignore[union-attr]


def test_view_that_needs_missing_media_is_refused(tmp_path: Path) -> None:
    source = ViewSource(Clip("c1", pictures={"motion": ready_made(tmp_path)}), onset=0, apex=1)
    with pytest.raises(InputError, match="clip c1: this view needs its video"):
        render_views(["apex"], source)


def test_unknown_apex_is_refused() -> None:
    with pytest.raises(InputError, match="needs the apex"):
        render_views(["motion"], source_of(apex=None))


def test_unknown_view_suggests_and_lists() -> None:
    with pytest.raises(InputError, match="did you mean 'motion'") as caught:
        render_views(["motoin", "x-ray"], source_of())
    assert len(caught.value.problems) == 2
    assert "magnified" in str(caught.value)


@pytest.mark.parametrize(("content", "reason"), [(None, "missing"), (b"no picture", "cannot be read")])
def test_bad_ready_made_pictures_are_errors(tmp_path: Path, content: bytes | None, reason: str) -> None:
    path = tmp_path / "c1.png"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(MediaError, match=reason):
        render_views(["motion"], ViewSource(Clip("c1", pictures={"motion": path})))


def test_new_view_is_a_function_and_a_line() -> None:
    @register_view("first")
    def first(source: ViewSource) -> list[View]:
        return [View("first", Image.fromarray(source.face(0)), "The first frame.", (0,))]

    assert render_views(["first"], source_of())[0].frames == (0,)
    with pytest.raises(ValueError, match="registered already"):
        register_view("first")(first)
