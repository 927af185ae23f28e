"""When a person talks, by lips and chin: there the training-free spotter looks for nothing.

Talk moves the lower face by several times what a micro-expression does, and the upper face with it; its covariance says
little of a single movement. In the synthetic videos of the profile ``hard`` a spotter that looks there too has thirty
false alarms in a minute of talk for a twelfth of the expressions.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import label, maximum_filter1d

from mevqa.spotting.tracking.curves import Curves
from mevqa.spotting.tracking.lips import lip_variance
from mevqa.video.face.regions import face_regions

#: What is looked at.
_LIPS = ("upper lip", "lower lip", "chin")

#: Lips that move quickly by at least this deviation talk, eye distances. With the margin chosen on the 40 training
#: videos of the suite ``spotting-systems`` (profile ``hard``): .004 leaves .24 false alarms in a minute of talk at a
#: micro F1 of .446, .005 left .41 at .438. On videos without talk (profile ``standard``) both find the same events.
_TALKS = 0.004

#: One expression of the mouth after the other moves it for seconds too, but slower: somewhere in talk lips move by at
#: least this deviation from the mean of so few ms.
_QUICK = 0.0025
_QUICK_MS = 200.0

#: Words begin and end softly: so much more on both sides is talk, ms.
_MARGIN_MS = 300.0


def talking(curves: Curves) -> NDArray[np.bool_]:
    """Return when the person of a stretch talks, [samples]."""
    regions = [index for index, region in enumerate(face_regions()) if region.name in _LIPS]
    lips = curves.motion[:, [2 * index + axis for index in regions for axis in (0, 1)]]
    quick = lip_variance(lips, curves.step_ms, _QUICK_MS) > _QUICK**2
    runs, _ = label(lip_variance(lips, curves.step_ms) > _TALKS**2)
    talks = (runs > 0) & np.isin(runs, runs[quick])
    reach = 2 * round(_MARGIN_MS / curves.step_ms) + 1
    return np.asarray(maximum_filter1d(talks.astype(np.uint8), reach), dtype=bool)


def talk_warning(talk_ms: float) -> list[str]:
    """Return a sentence about so much talk, none of none."""
    seconds = talk_ms / 1000
    return [f"the lips talk for {seconds:.0f} s: no expression is looked for there"] if seconds >= 1 else []
