"""Bases, random adapters and questions about noise pictures: what merging is tried on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import tiny_families
import torch
from peft import LoraConfig, get_peft_model
from PIL import Image
from tiny import built

from mevqa.inference.evaluation import Plan, plan

#: Adapters by kind, as ``LoraConfig`` knows them.
KINDS: dict[str, dict[str, Any]] = {"lora": {}, "dora": {"use_dora": True}, "rslora": {"use_rslora": True}}
#: The module between vision tower and language model, by family.
PROJECTORS = {
    "llava": "multi_modal_projector",
    "qwen2_5_vl": "merger",
    "gemma3": "multi_modal_projector",
    "smolvlm": "modality_projection",
}
#: Linear layers of language models and vision towers.
TARGETS = r".*(language_model|text_model|vision_tower|visual|vision_model).*\.(q_proj|v_proj|down_proj|qkv|fc1)"
PREFERENCES = {"views": ["motion"], "sampler": "oao", "variant": "brief", "option_score": "sum"}
QUESTIONS = (
    "What is the coarse expression class?",
    "What is the fine-grained expression class?",
    "What are the action units?",
    "Is the action unit brow lowerer shown on the face?",
)


def save_base(name: str, folder: Path, dtype: torch.dtype = torch.float32, *, tied: bool = False) -> Path:
    """Save the tiny model called ``name``; ``tied``: one with a single matrix for reading and writing tokens."""
    model, processor = built(name)
    if tied:
        config = type(model.config).from_dict(model.config.to_dict())
        config.tie_word_embeddings = config.text_config.tie_word_embeddings = True
        torch.manual_seed(0)
        model = type(model)(config)
        with torch.no_grad():
            for parameter in model.parameters():
                if parameter.ndim > 1:
                    parameter.normal_(0.0, 0.15)
    else:
        state = {key: value.to(dtype) for key, value in model.state_dict().items()}
        model = type(model)(model.config).to(dtype)
        model.load_state_dict(state)
    model.save_pretrained(folder)
    processor.save_pretrained(folder)
    return folder


def save_adapter(base: str | Path, folder: Path, *, size: float = 0.2, **settings: Any) -> Path:
    """Save an adapter with random weights for a base, with what the fine-tuning command writes beside it."""
    from mevqa.models.base import ModelOptions
    from mevqa.models.registry import load_model

    model = load_model(str(base), ModelOptions(dtype="float32", device="cpu")).model
    wrapped = get_peft_model(model, LoraConfig(**{"r": 4, "target_modules": TARGETS, **settings}))
    torch.manual_seed(1)
    with torch.no_grad():
        for parameter in wrapped.parameters():
            if parameter.requires_grad:
                parameter.add_(size * torch.randn_like(parameter))
    wrapped.peft_config["default"].base_model_name_or_path = str(base)
    wrapped.save_pretrained(folder)
    (folder / "mevqa.json").write_text(json.dumps(PREFERENCES))
    return folder


def save_questions(folder: Path, clips: int = 2) -> Plan:
    """Write official questions about clips that are noise pictures, and plan them."""
    maps = folder / "maps"
    maps.mkdir(parents=True)
    rng = np.random.default_rng(0)
    rows = []
    for clip in range(clips):
        Image.fromarray(rng.integers(0, 255, (28, 28, 3), dtype=np.uint8)).save(maps / f"clip{clip}.png")
        for number, text in enumerate(QUESTIONS):
            rows.append({"video_id": f"q{clip}_{number}", "video": f"clip{clip}", "question": text, "answer": ""})
    path = folder / "questions.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return plan([path], None, pictures={"motion": maps})


def families() -> tuple[str, ...]:
    """The families that adapters are merged into."""
    assert set(PROJECTORS) <= set(tiny_families.BUILDERS)
    return tuple(PROJECTORS)
