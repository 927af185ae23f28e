"""The stream of training rows: each row is decided by the seed and its place alone.

So an interrupted training goes on with the rows that it would have seen, and any number of processes see together
what one would see.
"""

from __future__ import annotations

import sys
import zlib
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import replace

import numpy as np
from torch.utils.data import Dataset

from mevqa.events import Event
from mevqa.inference.drawing.cache import chosen_cache, drawn_with
from mevqa.inference.engine import DrawsViews
from mevqa.inference.view_config import ViewConfig
from mevqa.models.transformers.prompts.prompting import Prompter
from mevqa.questions.prompts import PromptLibrary
from mevqa.training.continuation import Continuation
from mevqa.training.examples.augment import augment, jitter
from mevqa.training.examples.balance import ClipStream, draw_questions, type_weights
from mevqa.training.examples.clips import TrainingClip
from mevqa.training.examples.mirror import mirror_note
from mevqa.training.examples.synthetic import SyntheticClip, SyntheticClips, blank_targets
from mevqa.training.packing.rows import Row, Turn, encode_row
from mevqa.training.recipes.recipe import Recipe
from mevqa.types import NO_MOTION, Question, Request, View
from mevqa.video.views.render import ClipViews

#: Keep the random numbers apart that decide a place of the stream, a version of a clip, and drawn answers.
_PLACE, _VERSION, _DRAWN = 1, 2, 3
#: Version of a clip that is not varied.
_PLAIN = -1
#: Most clips whose views are kept, pictures and all.
_LOOKS = 2048


class RowMaker:
    """Turns clips into rows: looked at, worded and tokenised as when they are asked.

    Args:
        prompter: The model's; tokenises.
        prompts: The prompt library.
        view_config: What is seen of a clip.
        targets: Whether rows carry (blank) targets for the vision tower, to go with synthetic ones.
        drawn_by: Draws the views of clips: a prepared benchmark; None: they are drawn here, or taken from the cache.

    Attributes:
        drawn_by: Draws the views of clips.
    """

    def __init__(
        self,
        prompter: Prompter,
        prompts: PromptLibrary,
        view_config: ViewConfig,
        *,
        targets: bool = False,
        drawn_by: DrawsViews | None = None,
    ) -> None:
        self._prompter = prompter
        self._prompts = prompts
        self._view_config = view_config
        self.drawn_by: DrawsViews = drawn_by or drawn_with(view_config, chosen_cache(None))
        self._extras = blank_targets() if targets else {}
        self._looks: dict[tuple[str, Event | None], ClipViews] = {}
        self._still: set[str] = set()

    def views_of(self, clip: TrainingClip, annotation: Event | None = None) -> ClipViews:
        """Look at a clip, or return what was seen before.

        Args:
            clip: The clip.
            annotation: Other moments than the clip's own.

        Raises:
            MediaError: It cannot be read.
        """
        chosen = annotation or clip.clip.annotation
        key = (clip.clip.id, chosen)
        if key not in self._looks:
            if len(self._looks) >= _LOOKS:
                self._looks.clear()
            # Moments that chance has moved are not looked at again by anybody.
            drawn_by = self.drawn_by if annotation is None else self._view_config
            self._looks[key] = drawn_by.render(replace(clip.clip, annotation=chosen), long_video=False)
            self._warn(clip, self._looks[key])
        return self._looks[key]

    def _warn(self, clip: TrainingClip, clip_views: ClipViews) -> None:
        """Warn once of a clip whose pictures show no motion: what is learned from it cannot be seen."""
        if clip_views.stillness is not None and clip.clip.id not in self._still:
            self._still.add(clip.clip.id)
            print(f"warning: clip {clip.clip.id}: {NO_MOTION}: {clip_views.stillness}", file=sys.stderr, flush=True)

    def row(
        self,
        clip: TrainingClip,
        views: Sequence[View],
        questions: Sequence[Question],
        weights: Mapping[str, float],
        key: Hashable | None = None,
        notes: Sequence[str] = (),
    ) -> Row:
        """Return the row of some questions about what is seen of a clip."""
        turns = [
            Turn(self.request(question).text, str(question.reference), weights.get(question.type, 1.0))
            for question in questions
        ]
        return encode_row(self._prompter, self.system(clip, notes), views, turns, key=key, extras=self._extras)

    def system(self, clip: TrainingClip, notes: Sequence[str]) -> str:
        """Return the system text of a clip, with what views of words say of it."""
        return self._prompts.system(clip.clip.dataset, notes)

    def request(self, question: Question) -> Request:
        """Return a question as it is asked."""
        return self._prompts.request(question)

    def synthetic_row(self, clip: SyntheticClip) -> Row:
        """Return the row of a synthetic clip."""
        extras = clip.targets if self._extras else {}
        return encode_row(self._prompter, self._prompts.system("synthetic"), clip.views, clip.turns, extras=extras)

    def plain_row(self, clip: TrainingClip) -> Row:
        """Return the row of all questions about a clip as it is."""
        clip_views = self.views_of(clip)
        return self.row(clip, clip_views.views, clip.questions, {}, key=(clip.clip.id, _PLAIN), notes=clip_views.notes)


class TrainingStream(Dataset[Row]):
    """The rows of a training, by their place.

    Args:
        clips: What is trained on; may be empty when everything is synthetic.
        row_maker: Makes rows.
        recipe: Balance, augmentation, share of synthetic maps, seed.
        length: Number of places.
        synthetic: The synthetic clips.
        later: Drawn answers that are learned in the place of some references; None: none.
    """

    def __init__(
        self,
        clips: Sequence[TrainingClip],
        row_maker: RowMaker,
        recipe: Recipe,
        length: int,
        synthetic: SyntheticClips | None = None,
        later: Continuation | None = None,
    ) -> None:
        self._later = later
        self._clips = list(clips)
        self._asker = row_maker
        self._recipe = recipe
        self._length = length
        self._synthetic = synthetic
        self._share = 0.0 if synthetic is None or recipe.synthetic is None else recipe.synthetic.share
        level = recipe.balance.classes
        labels = [clip.label(level) if level != "none" else None for clip in clips]
        self._order = ClipStream(labels, balance=level != "none", seed=recipe.seed) if clips else None
        every = [question for clip in clips for question in clip.questions]
        self._weights = type_weights(every, recipe.balance.types) if clips else {}

    def __len__(self) -> int:
        return self._length

    def __getitem__(self, place: int) -> Row:
        before, after = int(place * self._share), int((place + 1) * self._share)
        if self._synthetic is not None and after > before:
            return self._asker.synthetic_row(self._synthetic[before])
        return self._real(place, place - before)

    def _real(self, place: int, number: int) -> Row:
        """Return the row at a place that is taken by the ``number``-th real clip."""
        assert self._order is not None
        clip = self._clips[self._order.index(number)]
        rng = np.random.default_rng((self._recipe.seed, _PLACE, place))
        settings = self._recipe.augmentation
        version = int(rng.integers(settings.versions)) if settings.versions else place
        version_rng = np.random.default_rng((self._recipe.seed, _VERSION, zlib.crc32(clip.clip.id.encode()), version))
        clip_views = self._asker.views_of(clip)
        annotation = clip.clip.annotation
        if annotation is not None and settings.jitter:
            frames = len(clip_views.times_ms) if clip_views.times_ms is not None else None
            annotation = jitter(annotation, version_rng, settings, frames)
            clip_views = self._asker.views_of(clip, annotation)
        clip_questions = clip.questions
        if self._later is not None:
            drawn_rng = np.random.default_rng((self._recipe.seed, _DRAWN, place))
            clip_questions = tuple(self._later.mixed(clip_questions, drawn_rng))
        views, questions = augment(clip_views.views, clip_questions, version_rng, settings)
        # Questions are made anew only where the clip is mirrored.
        is_mirrored = questions is not clip_questions
        notes = [mirror_note(note) for note in clip_views.notes] if is_mirrored else clip_views.notes
        limit = self._recipe.balance.questions
        chosen = draw_questions(questions, limit, rng) if limit else questions
        varied = views is not clip_views.views or annotation != clip.clip.annotation
        key = (clip.clip.id, version) if settings.versions else (None if varied else (clip.clip.id, _PLAIN))
        return self._asker.row(clip, views, chosen, self._weights, key, notes)
