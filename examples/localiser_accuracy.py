"""How precisely the localiser finds the apex of synthetic clips of several frame rates.

python examples/localiser_accuracy.py --clips 200 --seed 2026
"""

import argparse
import tempfile
from pathlib import Path

import numpy as np

from mevqa.data.synthetic.writer import synthesise
from mevqa.video.face import FaceAligner
from mevqa.video.localise import localise
from mevqa.video.reader import open_video

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--clips", type=int, default=200)
parser.add_argument("--seed", type=int, default=2026)
parser.add_argument("--fps", type=float, nargs="+", default=[25, 30, 60, 100, 120, 200])
args = parser.parse_args()

hits: dict[float, list[bool]] = {}
misses = []
with tempfile.TemporaryDirectory() as folder:
    made = synthesise(Path(folder) / "set", args.clips, args.seed, fps=tuple(args.fps), subjects=(args.clips + 1) // 2)
    for plan in made.plans:
        with open_video(made.media / f"{plan.id}.mp4") as video:
            found = localise(video, FaceAligner.fit(video[0]))
        frames = found.apex - plan.performances[0].annotation.apex
        misses.append(abs(frames) * 1000 / plan.fps)
        hits.setdefault(plan.fps, []).append(abs(frames) <= 2 or misses[-1] <= 20)
for fps, within in sorted(hits.items()):
    print(f"{fps:5g} fps: {np.mean(within):6.1%} of {len(within)} clips within 20 ms or 2 frames")
everything = np.concatenate(list(hits.values()))
print(f"together: {np.mean(everything):6.1%} of {len(everything)}; median error {np.median(misses):.0f} ms")
