"""The README of an export: which files are which split, and how each toolkit reads them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import yaml

from mevqa.formats import ConversationFormat
from mevqa.training.export.divisions import WHOLE

#: Files by split, by fold.
Files = Mapping[str, Mapping[str, Sequence[str]]]

_CARD = """---
{head}---

# Conversations about facial micro-expressions

Written by `mevqa export --format {form}`: one conversation a question, worded as `mevqa finetune` trains it and
`mevqa eval` asks it. Nobody is in two splits{of_a_fold}. The pictures show faces: the licence of the videos holds for
them too.

{usage}

What a model that was trained elsewhere answers comes back by `mevqa import PREDICTIONS --export THIS_FOLDER --out RUN`,
its adapter by `mevqa import ADAPTER_FOLDER --export THIS_FOLDER --model BASE --out ADAPTER`. `export.json`,
`index.jsonl`, `questions` and `prompts` are for that.
"""
_USAGE: Mapping[ConversationFormat, str] = {
    "messages": """- ms-swift, started in this folder (or with `ROOT_IMAGE_DIR=THIS_FOLDER`):
  `swift sft --dataset {train}`, `swift infer --val_dataset {test} --result_path predictions.jsonl`
- LLaMA-Factory: `dataset_dir: THIS_FOLDER`, `dataset: {entry}`
- `datasets.load_dataset("THIS_FOLDER"{name})`; `images` are paths below this folder (`--format hf` has them inside)""",
    "sharegpt": """- LLaMA-Factory: `dataset_dir: THIS_FOLDER`, `dataset: {entry}`
- ms-swift, started in this folder (or with `ROOT_IMAGE_DIR=THIS_FOLDER`): `swift sft --dataset {train}`
- `datasets.load_dataset("THIS_FOLDER"{name})`; `images` are paths below this folder (`--format hf` has them inside)""",
    "llava": """- LLaVA: `--data_path {train} --image_folder THIS_FOLDER`
- `datasets.load_dataset("THIS_FOLDER"{name})`; `image` is a path, or a list of them, below this folder""",
    "hf": """- `datasets.load_dataset("THIS_FOLDER"{name})`, with the pictures inside
- trl: `SFTTrainer(model, train_dataset=load_dataset("THIS_FOLDER"{name}, split="train"), ...)` with
  `SFTConfig(max_length=None)`""",
}


def configurations(files: Files) -> str:
    """Return the head of a data set's card, by which ``datasets.load_dataset`` finds the files of splits.

    Args:
        files: Files by split, by fold.
    """
    configs = [
        {"config_name": name, "data_files": [{"split": split, "path": list(paths)} for split, paths in splits.items()]}
        for name, splits in files.items()
    ]
    return yaml.safe_dump({"configs": configs}, sort_keys=False, allow_unicode=True)


def card(form: ConversationFormat, files: Files, head: str) -> str:
    """Return the README of an export.

    Args:
        form: The format of the conversations.
        files: Files by split, by fold.
        head: What ``configurations`` returned.
    """
    first, splits = next(iter(files.items()))
    split = "train" if "train" in splits else next(iter(splits))
    train = splits[split][0]
    usage = _USAGE[form].format(
        train=train,
        test=splits.get("test", [train])[0],
        entry=split if first == WHOLE else f"{first}_{split}",
        name="" if first == WHOLE else f', "{first}"',
    )
    of_a_fold = "" if first == WHOLE else " of a fold"
    return _CARD.format(head=head, form=form, usage=usage, of_a_fold=of_a_fold)
