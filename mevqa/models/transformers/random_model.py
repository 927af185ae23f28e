"""A vision-language model of random weights, built without any download: to measure with, not to ask."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from mevqa.models.base import ModelOptions
from mevqa.models.transformers.model import TransformersModel
from mevqa.models.transformers.placement import choose_device, choose_dtype

#: Side of a picture that becomes 8 x 8 = 64 picture tokens: patches of 14 pixels, merged two by two.
_SIDE = 224
_SPECIAL = ("<|im_start|>", "<|im_end|>", "<|vision_start|>", "<|vision_end|>", "<|image_pad|>", "<|video_pad|>")
#: ChatML with the picture tokens of Qwen2.5-VL.
_TEMPLATE = (
    "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{% for c in m['content'] %}"
    "{% if c['type'] == 'image' %}<|vision_start|><|image_pad|><|vision_end|>{% else %}{{ c['text'] }}{% endif %}"
    "{% endfor %}<|im_end|>\n{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


def random_model(
    texts: Iterable[str], *, seed: int = 0, device: str = "auto", dtype: str = "auto"
) -> TransformersModel:
    """Return a model of the shape of Qwen2.5-VL (Bai et al., 2025) with about 36 million random weights.

    Args:
        texts: What its tokeniser is trained on, so that it cuts them into words as a real one does.
        seed: Of the weights.
        device: As in ``ModelOptions``.
        dtype: As in ``ModelOptions``.
    """
    import torch
    from transformers import Qwen2_5_VLConfig, Qwen2_5_VLForConditionalGeneration

    processor = _processor(texts)
    words = processor.tokenizer
    config = Qwen2_5_VLConfig(
        text_config={
            "vocab_size": len(words),
            "hidden_size": 512,
            "intermediate_size": 1408,
            "num_hidden_layers": 10,
            "num_attention_heads": 8,
            "num_key_value_heads": 2,
            "eos_token_id": words.eos_token_id,
            "bos_token_id": None,
            "rope_parameters": {"rope_type": "default", "mrope_section": [8, 12, 12], "rope_theta": 1e6},
        },
        vision_config={
            "depth": 4,
            "hidden_size": 320,
            "intermediate_size": 864,
            "num_heads": 4,
            "out_hidden_size": 512,
            "fullatt_block_indexes": [3],
        },
        image_token_id=words.convert_tokens_to_ids("<|image_pad|>"),
        video_token_id=words.convert_tokens_to_ids("<|video_pad|>"),
        vision_start_token_id=words.convert_tokens_to_ids("<|vision_start|>"),
        vision_end_token_id=words.convert_tokens_to_ids("<|vision_end|>"),
        tie_word_embeddings=True,
    )
    torch.manual_seed(seed)
    torch_device = choose_device(device)
    model = Qwen2_5_VLForConditionalGeneration(config).eval().to(torch_device, choose_dtype(dtype, torch_device))
    return TransformersModel(
        model, processor, name="random", revision=f"seed-{seed}", options=ModelOptions(batch_size=16)
    )


def _processor(texts: Iterable[str]) -> Any:
    """Return Qwen2.5-VL's processor with a byte-level BPE tokeniser trained on ``texts``."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast, Qwen2_5_VLProcessor, Qwen2VLImageProcessor, Qwen2VLVideoProcessor

    core = Tokenizer(models.BPE())
    core.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    core.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    core.train_from_iterator(
        texts,
        trainers.BpeTrainer(
            vocab_size=8192, special_tokens=["<pad>", *_SPECIAL], initial_alphabet=alphabet, show_progress=False
        ),
    )
    words = PreTrainedTokenizerFast(tokenizer_object=core, pad_token="<pad>", eos_token="<|im_end|>")
    area = {"shortest_edge": _SIDE**2, "longest_edge": _SIDE**2}
    return Qwen2_5_VLProcessor(
        Qwen2VLImageProcessor(size=area), words, Qwen2VLVideoProcessor(size=area), chat_template=_TEMPLATE
    )
