"""Reports of more clips than one page should hold: an index that finds every question, and pages of clips beside it."""

from __future__ import annotations

import base64
import hashlib
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from jinja2.utils import htmlsafe_json_dumps

from mevqa.reporting.clips import ClipSection, choices_of

#: Bytes of clips, pictures and timelines that one page may hold: a page stays under 10 MB with its charts and tables.
ONE_PAGE = 8_500_000
#: Bytes of clips on each page where they are more.
PART = 4_000_000
#: Bytes of the packed questions on the index, some 200,000 of them; of more the pages are listed alone.
INDEX = 7_000_000
#: What the index knows of a question and of an answer: enough to find them. The rest stands on the clip's page.
_OF_QUESTION = ("type", "text", "id", "reference", "class")
_OF_ANSWER = ("verdict", "answer", "text", "error", "still", "prior", "confidence")


@dataclass(frozen=True, slots=True)
class Part:
    """A page of clips.

    Attributes:
        name: Name of its file.
        section: Its clips.
        first: Place of its first clip among all, from 1.
        last: Place of its last clip.
        wrong: Number of its questions with an answer that is wrong, or none.
    """

    name: str
    section: ClipSection
    first: int
    last: int
    wrong: int


@dataclass(frozen=True, slots=True)
class Split:
    """The pages of a report.

    Attributes:
        section: The clips of the index: all of them with all that is known, or as much as finds them.
        packed: The data of the index, compressed, where the clips are on other pages.
        folder: Folder of the other pages, named after what is in them.
        parts: The other pages; none where one page holds everything.
    """

    section: ClipSection
    packed: str = ""
    folder: str = ""
    parts: tuple[Part, ...] = ()


def split(section: ClipSection) -> Split:
    """Return the clips on one page where they fit, else spread over several, in their order."""
    digest = hashlib.blake2b(digest_size=6)
    sizes = []
    for clip in section.data["clips"]:
        text = str(htmlsafe_json_dumps(clip)).encode()
        digest.update(text)
        chart = section.timelines.get(clip.get("timeline", ""))
        sizes.append(len(text) + (len(chart.svg().encode()) if chart is not None else 0))
    if sum(sizes) <= ONE_PAGE:
        return Split(section)
    parts = tuple(_parts(section, sizes))
    folder = f"clips-{digest.hexdigest()}"
    briefs = [_brief(clip, index) for index, part in enumerate(parts) for clip in part.section.data["clips"]]
    data = {**section.data, "pages": [f"{folder}/{part.name}" for part in parts], "clips": briefs}
    packed = _pack(data)
    if len(packed) > INDEX:
        packed = _pack({**data, "clips": []})
    return Split(replace(section, data={}, timelines={}, motion=False), packed, folder, parts)


def _parts(section: ClipSection, sizes: Sequence[int]) -> Iterator[Part]:
    clips, first = section.data["clips"], 0
    while first < len(clips):
        last, size = first + 1, sizes[first]
        while last < len(clips) and size + sizes[last] <= PART:
            size += sizes[last]
            last += 1
        part_clips = clips[first:last]
        questions = [question for clip in part_clips for question in clip["questions"]]
        drawn = {clip["timeline"]: section.timelines[clip["timeline"]] for clip in part_clips if "timeline" in clip}
        content = replace(
            section,
            data={**section.data, "clips": part_clips},
            timelines=drawn,
            choices=choices_of(part_clips, section.data["runs"]),
            clips=len(part_clips),
            questions=len(questions),
            motion=section.motion and any("rows" in clip for clip in part_clips),
        )
        wrong = sum(any(a["verdict"] in ("wrong", "none") for a in q["answers"]) for q in questions)
        # Of one width, so that a folder lists them in their order.
        yield Part(f"{first + 1:06d}.html", content, first + 1, last, wrong)
        first = last


def _brief(clip: Mapping[str, Any], part: int) -> dict[str, Any]:
    """Return the entry of the index for a clip: what its filters and its search need."""
    questions = [
        {
            **{key: question[key] for key in _OF_QUESTION if key in question},
            "answers": [{key: answer[key] for key in _OF_ANSWER if key in answer} for answer in question["answers"]],
        }
        for question in clip["questions"]
    ]
    return {key: clip[key] for key in ("id", "dataset", "subject")} | {
        "notes": [],
        "part": part,
        "questions": questions,
    }


def _pack(data: Mapping[str, Any]) -> str:
    return base64.b64encode(zlib.compress(str(htmlsafe_json_dumps(data)).encode(), 6)).decode("ascii")
