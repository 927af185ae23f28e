"""How precisely the localiser finds the apex of synthetic clips, by frame rate and by shape of the expression.

python examples/localiser_accuracy.py --clips 200 --seed 2026
python examples/localiser_accuracy.py --clips 100 --seed 2027 --exponential
python examples/localiser_accuracy.py --clips 40 --seed 2028 --fps 100 120 --crf 0
"""

import argparse

from mevqa.benchmarks import TOLERANCE_FRAMES, TOLERANCE_MS, error_table, measure_apex
from mevqa.synthetic import SynthSettings, make_plans

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--clips", type=int, default=200)
parser.add_argument("--seed", type=int, default=2026)
parser.add_argument("--fps", type=float, nargs="+", default=[25, 30, 60, 100, 120, 200])
parser.add_argument("--exponential", action="store_true", help="courses that nothing was tuned on")
parser.add_argument("--crf", type=int, help="rate factor of H.264, 0: without loss; else each clip its own")
args = parser.parse_args()

settings = SynthSettings(args.clips, args.seed, fps=tuple(args.fps), subjects=(args.clips + 1) // 2)
plans = make_plans(settings)
print(error_table([measure_apex(plan, args.seed, exponential=args.exponential, crf=args.crf) for plan in plans]))
print(f"within: {TOLERANCE_MS:g} ms or {TOLERANCE_FRAMES} frames; an apex found too late counts positive")
