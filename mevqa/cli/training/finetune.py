"""Fine-tune a vision-language model, or train a published recogniser or spotter, by a recipe.

A recipe is a YAML file (finetune/README.md explains every key); key=value on the command line overrides it. Run the
same command again to go on with an interrupted training: the result is that of an uninterrupted one. `accelerate
launch -m mevqa finetune ...` runs it on several GPUs or machines.

Examples:
  mevqa finetune finetune/nano-casme2.yaml questions=me_vqa_casme2_train.jsonl precomputed.flow=maps output=runs/nano
  mevqa finetune qwen2.5-vl-3b-lora-24gb questions=samm.jsonl media=SAMM annotations=SAMM.xlsx output=runs/qwen
  mevqa finetune finetune/nano.yaml output=runs/nano-from-nothing
  mevqa finetune recognition/mean questions=FILE media=DIR annotations=FILE output=runs/mean
  mevqa finetune finetune/smolvlm2-256m.yaml --print lora.rank=8
  mevqa finetune me-tst-small --annotations labels.csv --media videos/ --features features/ --out runs/me-tst
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from mevqa.cli.common_options import add_trust
from mevqa.cli.options import add_link_option

HELP = "fine-tune a model (LoRA, QLoRA) or train a spotter, by a recipe"


#: Options that stand for keys of a recipe.
_PLACES = (
    ("--annotations", "annotations", "coded events, a label file"),
    ("--media", "media", "folder of clips or videos"),
    ("--out", "output", "write what is trained into this folder"),
    ("--features", "features", "folder in which what a spotter measures of videos is kept"),
)


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``mevqa finetune``."""
    add_recipe(parser)
    parser.add_argument("--print", action="store_true", help="print the recipe with its overrides, and stop")


def add_recipe(parser: argparse.ArgumentParser) -> None:
    """Add the recipe and its overrides."""
    parser.add_argument("recipe", metavar="RECIPE", help="YAML file, or the name of a shipped recipe")
    parser.add_argument("overrides", nargs="*", metavar="key=value", help="e.g. steps=200 lora.rank=8 output=DIR")
    for option, key, purpose in _PLACES:
        metavar = "FILE" if key == "annotations" else "DIR"
        parser.add_argument(option, type=Path, metavar=metavar, help=f"{purpose} ({key}=)")
    add_trust(parser)
    parser.add_argument(
        "--force",
        action="store_true",
        help="train the stage grpo although pass@8 hardly exceeds pass@1 (grpo.force=true)",
    )
    add_link_option(parser)


def overrides_of(args: argparse.Namespace) -> list[str]:
    """Return the keys that the command line sets, ``key=value`` each."""
    import json

    values = ((key, getattr(args, option.removeprefix("--"))) for option, key, _ in _PLACES)
    forced = ["grpo.force=true"] if args.force else []
    return [
        *args.overrides,
        *forced,
        *(f"{key}={json.dumps(str(value))}" for key, value in values if value is not None),
    ]


def run(args: argparse.Namespace) -> int:
    """Train; 1 when the trained model does not look at its pictures."""
    from mevqa.training.recipes.recipe import read_any_recipe

    recipe = read_any_recipe(args.recipe, overrides_of(args), trust_remote_code=args.trust_remote_code)
    if args.print:
        import yaml

        print(yaml.safe_dump(recipe.model_dump(mode="json"), sort_keys=False), end="")
        return 0
    from mevqa.training.trainer.library_messages import quiet_libraries

    quiet_libraries()
    from accelerate import PartialState

    from mevqa.api.training.train import finetune
    from mevqa.cli.progress import training_progress
    from mevqa.training.result import FineTuningResult

    finished = finetune(recipe, show=training_progress())
    if not PartialState().is_main_process:
        return 0
    for line in finished.lines():
        print(line)
    if isinstance(finished, FineTuningResult) and finished.probe is not None and not finished.probe.matters:
        print(
            "the loss does not depend on the pictures: the model learned the answers' frequencies and not to look; "
            "train longer, at a higher rate, or train the projector too",
            file=sys.stderr,
        )
        return 1
    return 0
