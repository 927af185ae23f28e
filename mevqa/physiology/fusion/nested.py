"""Leave-one-subject-out evaluation of fusion: each subject's events by a fusion fitted on the others.

Physiological signals differ more between people than between expressions: random folds, in which a subject stands on
both sides, are learned by heart. The notebooks published beside MMME reach UF1 .53 to .56 on the face alone in random
10-fold cross-validation, and .25 when subjects are left out (github.com/Mac0504/MMME). Leave-one-subject-out is the
only protocol here; means, scales, penalties, priors and weights come from the other subjects.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal, Protocol, TypeAlias, get_args

import numpy as np

from mevqa.physiology.fusion.feature_level import FeatureFusion
from mevqa.physiology.fusion.late import LateFusion
from mevqa.physiology.fusion.types import Array, Examples

#: Ways of fusing: video and signals together in two ways, and the signals alone.
Way = Literal["late", "features", "signals"]
WAYS: tuple[Way, ...] = get_args(Way)


class Fitted(Protocol):
    """A fusion that was fitted on training subjects."""

    def probabilities(self, examples: Examples) -> Array:
        """Return the probabilities of the classes, [events, classes]."""
        ...


_Fit: TypeAlias = Callable[[Examples], Fitted]
_FITS: dict[Way, _Fit] = {
    "late": LateFusion.fit,
    "features": FeatureFusion.fit,
    "signals": lambda examples: LateFusion.fit(examples, signals_only=True),
}


class TooFewSubjects(ValueError):
    """Fewer than two subjects with coded events: none is left to fit on."""


def leave_one_subject_out(
    examples: Examples, ways: Sequence[Way] = WAYS, progress: Callable[[int, int], None] = lambda done, total: None
) -> dict[str, Array]:
    """Return the probabilities of each subject's events by a fusion fitted on the others, [events, classes] by way.

    Args:
        examples: Events; those without a right class (``truth`` -1) are judged and not learned from.
        ways: How video and signals are put together.
        progress: Called with subjects done and subjects in all.

    Raises:
        TooFewSubjects: Fewer than two subjects have events with a right class.
    """
    subjects = np.array(examples.subjects)
    coded = examples.truth >= 0
    if len(set(subjects[coded])) < 2:
        raise TooFewSubjects("leave-one-subject-out needs coded events of two subjects at least")
    result: dict[str, Array] = {way: np.zeros(examples.video.shape) for way in ways}
    people = sorted(set(examples.subjects))
    for done, subject in enumerate(people):
        progress(done, len(people))
        rows = np.flatnonzero(subjects == subject)
        others = examples.at(np.flatnonzero((subjects != subject) & coded))
        assert subject not in others.subjects, f"{subject} is on both sides"
        for way in ways:
            result[way][rows] = fit_fusion(others, way).probabilities(examples.at(rows))
    progress(len(people), len(people))
    return result


def fit_fusion(examples: Examples, way: Way) -> Fitted:
    """Fit a fusion of one way on the events with a right class."""
    return _FITS[way](examples.at(np.flatnonzero(examples.truth >= 0)))
