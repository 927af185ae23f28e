"""The answered training clips of which shots are taken."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property, lru_cache
from typing import Any

import numpy as np

from mevqa.data.persons import is_known, person
from mevqa.errors import InputError, MediaError, Problem
from mevqa.files.system_errors import media_problem
from mevqa.inference.drawing.cache import ViewCache, drawn_with
from mevqa.inference.evaluation import Plan, plan
from mevqa.inference.fingerprint import input_digests
from mevqa.inference.shots.choose import assert_others, nearest, random_order
from mevqa.inference.shots.motion import MOTION_VIEW, Array, MotionIndex, motion_features
from mevqa.inference.shots.options import ShotOptions
from mevqa.inference.view_config import ViewConfig
from mevqa.questions.answers import normalise
from mevqa.questions.prompts import PromptLibrary
from mevqa.questions.question_types import asks_long_video
from mevqa.terminal.verbosity import show
from mevqa.types import Clip, Question, Reply, Shot, View
from mevqa.video.views.render import ClipViews

#: Clips whose pictures are kept in memory.
_KEPT = 256

#: Clips that a message names before it counts the rest.
_NAMED = 3


class ShotSource:
    """Answered clips, and which of them are shown before another.

    Args:
        options: Which clips, and how they are chosen.
        prompts: How questions are put.
        view_config: What is shown of a clip.
        cache: Where pictures are stored; None: nowhere.

    Raises:
        InputError: Everything that is wrong with the files, or a clip whose subject is not known.
    """

    def __init__(
        self, options: ShotOptions, prompts: PromptLibrary, view_config: ViewConfig, cache: ViewCache | None
    ) -> None:
        self._options = options
        self._prompts = prompts
        self._work = plan(
            options.source,
            options.media,
            annotations=options.annotations,
            pictures=options.pictures,
            numbers=options.numbers,
        )
        self._answered = _answered(self._work)
        self._clips = {name: clip for name, clip in self._work.clips.items() if name in self._answered}
        where = ", ".join(map(str, options.source))
        if not self._clips:
            raise InputError(
                [Problem(where, "holds no answered question about a short clip: there is nothing to show")]
            )
        _check_known(self._clips.values(), where)
        self._drawn_by = drawn_with(view_config, cache)
        self._motion_by = drawn_with(_of_motion(view_config), cache)
        self._seen = lru_cache(maxsize=_KEPT)(self._look)
        self._names = sorted(self._clips)

    def record(self) -> dict[str, Any]:
        """Return everything that decides which shots are shown, for the fingerprint of a run."""
        options = self._options
        digests = input_digests(self._work)
        media = hashlib.blake2b(json.dumps(digests["media"], sort_keys=True).encode(), digest_size=16).hexdigest()
        chosen = {"count": options.count, "by": options.by, "balanced": options.balanced}
        return {**chosen, "seed": options.seed if options.by == "random" else None, **digests, "media": media}

    def measure(self) -> None:
        """Measure the motion of all clips now, where it decides which are shown; else it is done at the first clip.

        Raises:
            InputError: Clips that cannot be looked at.
        """
        if self._options.by == "nearest":
            _ = self._index

    def check(self, clips: Iterable[Clip]) -> None:
        """Refuse clips of which it is not known who is seen, or that leave too few others to show.

        Raises:
            InputError: One line for all of them.
        """
        clips = list(clips)
        _check_known(clips, "--shots")
        few = [clip for clip in clips if len(self._others(clip)) < self._options.count]
        if few:
            left = min(len(self._others(clip)) for clip in few)
            message = f"only {left} clips of other subjects are there for {_listed(few)}; fewer --shots, or more clips"
            raise InputError([Problem("--shots", message)])

    def of(self, clip: Clip, questions: Sequence[Question], clip_views: ClipViews) -> tuple[Shot, ...]:
        """Return the answered clips to show before a clip, the nearest last.

        Args:
            clip: The clip.
            questions: What is asked about it: the same types of questions are shown answered.
            clip_views: What is seen of it.

        Raises:
            InputError: Its motion cannot be drawn.
            MediaError: A clip cannot be read.
            ShotLeakError: The choice shows the same person.
        """
        names = [name for name in self._others(clip) if self._turns(name, questions)]
        labels = {name: self._label(name) for name in names} if self._options.balanced else None
        order = self._order(names, clip, clip_views)
        chosen = nearest(order, self._options.count, labels)
        assert_others(clip, [self._clips[name] for name in chosen])
        shots = []
        for name in reversed(sorted(chosen, key=order.index)):
            look = self._seen(name)
            (text, answer), *others = self._turns(name, questions)
            first = ("\n".join([*look.notes, text]), answer)
            shots.append(Shot(name, tuple(look.views), (first, *others)))
        return tuple(shots)

    def _order(self, names: Sequence[str], clip: Clip, clip_views: ClipViews) -> list[str]:
        """Return clips in the order in which they are taken."""
        if self._options.by != "nearest":
            return random_order(names, clip.id, self._options.seed)
        views: Sequence[View] = clip_views.views
        if not any(view.name == MOTION_VIEW for view in views):
            views = self._motion_by.render(clip, long_video=False).views
        distances = dict(zip(self._names, self._index.distances(motion_features(views)), strict=True))
        return sorted(names, key=lambda name: (distances[name], name))

    def _others(self, clip: Clip) -> list[str]:
        who = person(clip)
        return [name for name in self._names if person(self._clips[name]) != who and name != clip.id]

    def _look(self, name: str) -> ClipViews:
        return self._drawn_by.render(self._clips[name], long_video=False)

    def _turns(self, name: str, questions: Sequence[Question]) -> list[tuple[str, str]]:
        """Return the questions about a training clip, one of each type that is asked, with their answers."""
        answered = self._answered[name]
        turns = []
        for kind in dict.fromkeys(question.type for question in questions):
            units = {question.action_unit for question in questions if question.type == kind}
            of_kind = [pair for pair in answered if pair[0].type == kind]
            of_kind.sort(key=lambda pair: pair[0].action_unit not in units)
            turns += [(self._prompts.request(question).text, answer) for question, answer in of_kind[:1]]
        return turns

    def _label(self, name: str) -> str | None:
        """Return the class of a training clip: the coarse one, or else the fine one."""
        answers = {question.type: answer for question, answer in self._answered[name]}
        annotation = self._clips[name].annotation
        coded = (annotation.coarse, annotation.fine) if annotation is not None else (None, None)
        return answers.get("coarse") or coded[0] or answers.get("fine") or coded[1]

    @cached_property
    def _index(self) -> MotionIndex:
        """The motion of all clips."""
        show(f"shots: the motion of {len(self._names)} training clips is looked at")
        rows: list[Array] = []
        problems: list[Problem] = []
        for name in self._names:
            clip = self._clips[name]
            try:
                rows.append(motion_features(self._motion_by.render(clip, long_video=False).views))
            except InputError as error:
                problems += error.problems
            except (MediaError, OSError) as error:
                problems.append(media_problem(error, clip.media or self._options.source[0]))
        if problems:
            raise InputError(problems)
        return MotionIndex(np.array(rows))


def _answered(work: Plan) -> Mapping[str, list[tuple[Question, str]]]:
    """Return the answered questions about short clips, with the answers in their official form."""
    answered: dict[str, list[tuple[Question, str]]] = {}
    for question in work.all_questions:
        if question.reference is not None and not asks_long_video(question):
            answer = normalise(question, Reply(question.reference))
            if answer is not None:
                answered.setdefault(question.clip_id, []).append((question, answer))
    return answered


def _of_motion(view_config: ViewConfig) -> ViewConfig:
    return ViewConfig((MOTION_VIEW,), face=view_config.face)


def _check_known(clips: Iterable[Clip], where: str) -> None:
    """Refuse clips without a subject: shots of the same person could not be kept out."""
    unknown = [clip for clip in clips if not is_known(clip)]
    if unknown:
        message = (
            f"the subject of {len(unknown)} clips is not known ({_listed(unknown)}), so that shots of the same person "
            "could not be kept out; give a label file with subjects (--annotations, --shots-annotations), or question "
            "rows with `subject`"
        )
        raise InputError([Problem(where, message)])


def _listed(clips: Sequence[Clip]) -> str:
    names = ", ".join(clip.id for clip in clips[:_NAMED])
    return f"{names}, ..." if len(clips) > _NAMED else names
