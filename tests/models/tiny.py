"""Random two-layer models of seven architectures with real processors and a small trained tokenizer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import numpy as np
import torch
import transformers as tf
from PIL import Image
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

from mevqa.models.protocol import Request
from mevqa.models.transformers_model import TransformersModel
from mevqa.records import View

UNITS = ("brow lowerer", "cheek raiser", "lip corner puller", "lip stretcher", "inner brow raiser")
CORPUS = [
    "What is the coarse expression class? Answer positive, negative or surprise.",
    "What are the action units? Is the action unit brow lowerer shown on the face? Answer yes or no.",
    "You see a face. Picture 1: onset. Picture 2: apex, 120 ms later. the motion from onset to apex",
    "system user assistant User Assistant model USER ASSISTANT yes no others happiness disgust",
    ", ".join(UNITS),
] * 3
SYSTEM = "You see a face."
OPTIONS = ("positive", "negative", "surprise")


class UnitGrammar:
    """Lists of distinct units joined by a comma, one to three of them."""

    def next(self, text: str) -> tuple[str, ...]:
        said = [unit for unit in text.split(", ") if unit]
        if text and not text.endswith(", "):
            return ("", ", ") if len(said) < 3 else ()
        return tuple(unit for unit in UNITS if unit not in said)


def requests() -> list[Request]:
    """Six questions of all three kinds, of different lengths."""
    return [
        Request("What is the coarse expression class? Answer positive, negative or surprise.", options=OPTIONS),
        Request(
            "Is the action unit brow lowerer shown on the face? Answer yes or no.", options=("yes", "yes, but", "no")
        ),
        Request("What are the action units?", grammar=UnitGrammar()),
        Request("action units", grammar=UnitGrammar(), max_new_tokens=4),
        Request("What is the motion?", max_new_tokens=7),
        Request("The face", options=("lip corner puller", "lip stretcher", "no")),
    ]


def views(seed: int = 0, count: int = 2, size: int = 56) -> list[View]:
    """Noise pictures with captions of different lengths."""
    rng = np.random.default_rng(seed)
    names = ["onset", "apex", "the motion from onset to apex"]
    return [
        View(f"v{i}", Image.fromarray(rng.integers(0, 255, (size, size, 3), dtype=np.uint8)), names[i % 3], (i,))
        for i in range(count)
    ]


def tokenizer(special: Sequence[str], *, eos: str, named: dict[str, str] | None = None, bos: str | None = None) -> Any:
    """A byte-level BPE tokenizer trained on a few sentences, which merges spaces with the words after them."""
    core = Tokenizer(models.BPE())
    core.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    core.decoder = decoders.ByteLevel()
    names = list(dict.fromkeys(["<pad>", *special, *(named or {}).values()]))
    trainer = trainers.BpeTrainer(
        vocab_size=600,
        special_tokens=names,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    core.train_from_iterator(CORPUS, trainer)
    made = tf.PreTrainedTokenizerFast(
        tokenizer_object=core, pad_token="<pad>", eos_token=eos, bos_token=bos, extra_special_tokens=named or {}
    )
    return made


#: Turns in the ChatML form, with a part of the template for each kind of content.
CHATML = (
    "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{% for c in m['content'] %}"
    "{% if c['type'] == 'image' %}IMAGE{% elif c['type'] == 'video' %}VIDEO{% else %}{{ c['text'] }}{% endif %}"
    "{% endfor %}<|im_end|>\n{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


def chatml(image: str, video: str = "") -> str:
    """The ChatML template with the family's placeholders."""
    return CHATML.replace("IMAGE", image).replace("VIDEO", video)


def _text_sizes(vocabulary: int) -> dict[str, Any]:
    return {
        "vocab_size": vocabulary,
        "hidden_size": 32,
        "intermediate_size": 64,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "max_position_embeddings": 4096,
    }


def _siglip(size: int = 56, patch: int = 14) -> dict[str, Any]:
    return {
        "hidden_size": 32,
        "intermediate_size": 64,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "image_size": size,
        "patch_size": patch,
    }


def llava() -> tuple[Any, Any]:
    """LLaVA 1.5: no special tokens around turns, all pictures first, the class token dropped from CLIP's features."""
    words = tokenizer(["<image>", "</s>", "<s>"], eos="</s>", bos="<s>", named={"image_token": "<image>"})
    template = (
        "{% for m in messages %}{% if m['role'] != 'system' %}{{ m['role'].upper() + ': ' }}{% endif %}"
        "{% for c in m['content'] if c['type'] == 'image' %}<image>\n{% endfor %}"
        "{% for c in m['content'] if c['type'] == 'text' %}{{ c['text'] + ' ' }}{% endfor %}{% endfor %}"
        "{% if add_generation_prompt %}ASSISTANT:{% endif %}"
    )
    processor = tf.LlavaProcessor(
        tf.CLIPImageProcessor(size={"shortest_edge": 56}, crop_size={"height": 56, "width": 56}),
        words,
        patch_size=14,
        vision_feature_select_strategy="default",
        num_additional_image_tokens=1,
        chat_template=template,
    )
    config = tf.LlavaConfig(
        vision_config=tf.CLIPVisionConfig(**_siglip(), projection_dim=32),
        text_config=tf.LlamaConfig(**_text_sizes(len(words)), eos_token_id=words.eos_token_id),
        image_token_index=processor.image_token_id,
        image_seq_length=16,
    )
    return tf.LlavaForConditionalGeneration(config), processor


def qwen2_5_vl() -> tuple[Any, Any]:
    """Qwen2.5-VL: three-axis rotary positions, window attention in the vision tower, positions kept on the model."""
    special = ["<|im_start|>", "<|im_end|>", "<|vision_start|>", "<|vision_end|>", "<|image_pad|>", "<|video_pad|>"]
    words = tokenizer(special, eos="<|im_end|>")
    pixels = {"shortest_edge": 28 * 28, "longest_edge": 84 * 84}
    processor = tf.Qwen2_5_VLProcessor(
        tf.Qwen2VLImageProcessor(size=pixels),
        words,
        tf.Qwen2VLVideoProcessor(size=pixels),
        chat_template=chatml(
            "<|vision_start|><|image_pad|><|vision_end|>", "<|vision_start|><|video_pad|><|vision_end|>"
        ),
    )
    config = tf.Qwen2_5_VLConfig(
        text_config={
            **_text_sizes(len(words)),
            "eos_token_id": words.eos_token_id,
            "bos_token_id": None,
            "rope_parameters": {"rope_type": "default", "mrope_section": [1, 1, 2], "rope_theta": 1e4},
        },
        vision_config={
            "depth": 2,
            "hidden_size": 32,
            "intermediate_size": 64,
            "num_heads": 2,
            "out_hidden_size": 32,
            "window_size": 28,
            "fullatt_block_indexes": [1],
        },
        **_vision_ids(words),
    )
    return tf.Qwen2_5_VLForConditionalGeneration(config), processor


def _vision_ids(words: Any) -> dict[str, int]:
    names = {"image_token_id": "image_pad", "video_token_id": "video_pad"}
    names |= {"vision_start_token_id": "vision_start", "vision_end_token_id": "vision_end"}
    return {key: words.convert_tokens_to_ids(f"<|{name}|>") for key, name in names.items()}


BUILDERS: dict[str, Callable[[], tuple[Any, Any]]] = {"llava": llava, "qwen2_5_vl": qwen2_5_vl}


@cache
def built(name: str) -> tuple[Any, Any]:
    """The tiny model and processor called ``name``, with weights large enough that pictures and words matter."""
    torch.manual_seed(0)
    model, processor = BUILDERS[name]()
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.ndim > 1:
                parameter.normal_(0.0, 0.15)
    return model.eval(), processor


def wrapped(name: str, **options: Any) -> TransformersModel:
    """The tiny model behind the package's protocol."""
    model, processor = built(name)
    return TransformersModel(model, processor, name=name, revision="tiny", **options)
