"""Seven architectures, each as a random two-layer model with its real processor; the quirks are in the docstrings."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import transformers as tf
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

UNITS = ("brow lowerer", "cheek raiser", "lip corner puller", "lip stretcher", "inner brow raiser")
CORPUS = [
    "What is the coarse expression class? Answer positive, negative or surprise.",
    "What are the action units? Is the action unit brow lowerer shown on the face? Answer yes or no.",
    "You see a face. Picture 1: onset. Picture 2: apex, 120 ms later. the motion from onset to apex",
    "system user assistant User Assistant model USER ASSISTANT yes no others happiness disgust",
    ", ".join(UNITS),
] * 3


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
    fast_tokenizer = tf.PreTrainedTokenizerFast(
        tokenizer_object=core, pad_token="<pad>", eos_token=eos, bos_token=bos, extra_special_tokens=named or {}
    )
    return fast_tokenizer


#: Turns in the ChatML form, with a part of the template for each kind of content.
_CHATML = (
    "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{% for c in m['content'] %}"
    "{% if c['type'] == 'image' %}IMAGE{% elif c['type'] == 'video' %}VIDEO{% else %}{{ c['text'] }}{% endif %}"
    "{% endfor %}<|im_end|>\n{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


def _chatml(image: str, video: str = "") -> str:
    """The ChatML template with the family's placeholders."""
    return _CHATML.replace("IMAGE", image).replace("VIDEO", video)


_QWEN = ["<|im_start|>", "<|im_end|>", "<|vision_start|>", "<|vision_end|>", "<|image_pad|>", "<|video_pad|>"]
_QWEN_TEMPLATE = _chatml("<|vision_start|><|image_pad|><|vision_end|>", "<|vision_start|><|video_pad|><|vision_end|>")


def _text_sizes(vocabulary: int) -> dict[str, Any]:
    return {
        "vocab_size": vocabulary,
        "hidden_size": 64,
        "intermediate_size": 128,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "max_position_embeddings": 4096,
    }


def _siglip(size: int = 56, patch: int = 14) -> dict[str, Any]:
    return {
        "hidden_size": 64,
        "intermediate_size": 128,
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
        vision_config=tf.CLIPVisionConfig(**_siglip(), projection_dim=64),
        text_config=tf.LlamaConfig(**_text_sizes(len(words)), eos_token_id=words.eos_token_id),
        image_token_index=processor.image_token_id,
        image_seq_length=16,
    )
    return tf.LlavaForConditionalGeneration(config), processor


def qwen2_5_vl() -> tuple[Any, Any]:
    """Qwen2.5-VL: three-axis rotary positions, window attention in the vision tower, positions kept on the model."""
    words = tokenizer(_QWEN, eos="<|im_end|>")
    pixels = {"shortest_edge": 28 * 28, "longest_edge": 84 * 84}
    processor = tf.Qwen2_5_VLProcessor(
        tf.Qwen2VLImageProcessor(size=pixels),
        words,
        tf.Qwen2VLVideoProcessor(size=pixels),
        chat_template=_QWEN_TEMPLATE,
    )
    config = tf.Qwen2_5_VLConfig(
        text_config={
            **_text_sizes(len(words)),
            "eos_token_id": words.eos_token_id,
            "bos_token_id": None,
            "rope_parameters": {"rope_type": "default", "mrope_section": [2, 3, 3], "rope_theta": 1e4},
        },
        vision_config={
            "depth": 2,
            "hidden_size": 64,
            "intermediate_size": 128,
            "num_heads": 2,
            "out_hidden_size": 64,
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


def qwen3_vl() -> tuple[Any, Any]:
    """Qwen3-VL: deepstack (vision features added inside the decoder at picture tokens), interleaved rotary axes."""
    words = tokenizer(_QWEN, eos="<|im_end|>")
    pixels = {"shortest_edge": 32 * 32, "longest_edge": 96 * 96}
    processor = tf.Qwen3VLProcessor(
        tf.Qwen2VLImageProcessor(size=pixels, patch_size=16),
        words,
        tf.Qwen3VLVideoProcessor(size={"shortest_edge": 32 * 32, "longest_edge": 8 * 96 * 96}),
        chat_template=_QWEN_TEMPLATE,
    )
    config = tf.Qwen3VLConfig(
        text_config={
            **_text_sizes(len(words)),
            "head_dim": 16,
            "eos_token_id": words.eos_token_id,
            "bos_token_id": None,
            "rope_parameters": {"rope_type": "default", "mrope_section": [4, 2, 2], "rope_theta": 1e4},
        },
        vision_config={
            "depth": 2,
            "hidden_size": 64,
            "intermediate_size": 128,
            "num_heads": 2,
            "out_hidden_size": 64,
            "num_position_embeddings": 16,
            "deepstack_visual_indexes": [0],
        },
        **_vision_ids(words),
    )
    return tf.Qwen3VLForConditionalGeneration(config), processor


def smolvlm() -> tuple[Any, Any]:
    """SmolVLM: pictures split into tiles with row and column tokens and line breaks between them, a pixel mask."""
    tiles = [f"<row_{row}_col_{col}>" for row in (1, 2) for col in (1, 2)]
    special = ["<fake_token_around_image>", "<image>", "<video>", "<end_of_utterance>", "<global-img>", "<|im_start|>"]
    words = tokenizer([*special, *tiles], eos="<end_of_utterance>", bos="<|im_start|>")
    template = (
        "<|im_start|>{% for m in messages %}{{ m['role'] | capitalize }}: {% for c in m['content'] %}"
        "{% if c['type'] == 'image' %}<image>{% elif c['type'] == 'video' %}<video>{% else %}{{ c['text'] }}{% endif %}"
        "{% endfor %}<end_of_utterance>\n{% endfor %}{% if add_generation_prompt %}Assistant:{% endif %}"
    )
    sizes = {"size": {"longest_edge": 56}, "max_image_size": {"longest_edge": 28}}
    processor = tf.SmolVLMProcessor(
        tf.SmolVLMImageProcessor(**sizes),
        words,
        tf.SmolVLMVideoProcessor(size={"longest_edge": 28}, max_image_size={"longest_edge": 28}, num_frames=4, fps=1),
        image_seq_len=4,
        chat_template=template,
    )
    config = tf.SmolVLMConfig(
        text_config=tf.LlamaConfig(**_text_sizes(len(words)), eos_token_id=words.eos_token_id, pad_token_id=0),
        vision_config={**_siglip(28, 7)},
        image_token_id=words.convert_tokens_to_ids("<image>"),
        scale_factor=2,
    )
    return tf.SmolVLMForConditionalGeneration(config), processor


def llava_onevision() -> tuple[Any, Any]:
    """LLaVA-OneVision: any-resolution tiles for a single picture, one tile and a line-break feature for several."""
    names = {"image_token": "<image>", "video_token": "<video>"}
    words = tokenizer(["<|im_start|>", "<|im_end|>"], eos="<|im_end|>", named=names)
    pins = [[56, 56], [56, 112], [112, 56]]
    processor = tf.LlavaOnevisionProcessor(
        tf.LlavaOnevisionImageProcessor(size={"height": 56, "width": 56}, image_grid_pinpoints=pins),
        words,
        tf.LlavaOnevisionVideoProcessor(size={"height": 56, "width": 56}),
        num_image_tokens=16,
        vision_feature_select_strategy="full",
        chat_template=_chatml("<image>", "<video>"),
    )
    config = tf.LlavaOnevisionConfig(
        vision_config={"model_type": "siglip_vision_model", **_siglip(), "vision_use_head": False},
        text_config=tf.Qwen2Config(**_text_sizes(len(words)), eos_token_id=words.eos_token_id, bos_token_id=None),
        image_token_index=processor.image_token_id,
        video_token_index=processor.video_token_id,
        image_grid_pinpoints=pins,
    )
    return tf.LlavaOnevisionForConditionalGeneration(config), processor


def internvl() -> tuple[Any, Any]:
    """InternVL: several crops a picture, pixel shuffle, its own names for the picture tokens."""
    names = {
        "start_image_token": "<img>",
        "end_image_token": "</img>",
        "context_image_token": "<IMG_CONTEXT>",
        "video_token": "<video>",
    }
    words = tokenizer(["<|im_start|>", "<|im_end|>"], eos="<|im_end|>", named=names)
    processor = tf.InternVLProcessor(
        tf.GotOcr2ImageProcessor(size={"height": 56, "width": 56}, crop_to_patches=True, max_patches=2),
        words,
        tf.InternVLVideoProcessor(size={"height": 56, "width": 56}),
        image_seq_length=4,
        chat_template=_chatml("<IMG_CONTEXT>\n", "<video>\n"),
    )
    vision = {**_siglip(), "image_size": [56, 56], "patch_size": [14, 14]}
    config = tf.InternVLConfig(
        text_config=tf.Qwen2Config(**_text_sizes(len(words)), eos_token_id=words.eos_token_id, bos_token_id=None),
        vision_config=tf.InternVLVisionConfig(**vision),
        image_token_id=processor.image_token_id,
        image_seq_length=4,
    )
    return tf.InternVLForConditionalGeneration(config), processor


def gemma3() -> tuple[Any, Any]:
    """Gemma 3: pictures see themselves both ways, sliding windows shorter than the prompt, trimmed text parts.

    Line breaks around a picture come from the processor and may merge with what follows; the system text opens the
    user's turn; the role of the assistant is ``model``.
    """
    names = {"image_token": "<image_soft_token>", "boi_token": "<start_of_image>", "eoi_token": "<end_of_image>"}
    words = tokenizer(["<bos>", "<start_of_turn>", "<end_of_turn>"], eos="<end_of_turn>", bos="<bos>", named=names)
    template = (
        "{{ bos_token }}{% set first = '' %}{% if messages[0]['role'] == 'system' %}"
        "{% set first = messages[0]['content'][0]['text'] + '\n\n' %}{% set messages = messages[1:] %}{% endif %}"
        "{% for m in messages %}<start_of_turn>{{ 'model' if m['role'] == 'assistant' else m['role'] }}\n"
        "{{ first if loop.first else '' }}{% for c in m['content'] %}"
        "{% if c['type'] == 'image' %}<start_of_image>{% else %}{{ c['text'] | trim }}{% endif %}{% endfor %}"
        "<end_of_turn>\n{% endfor %}{% if add_generation_prompt %}<start_of_turn>model\n{% endif %}"
    )
    processor = tf.Gemma3Processor(
        tf.Gemma3ImageProcessor(size={"height": 56, "width": 56}), words, image_seq_length=4, chat_template=template
    )
    config = tf.Gemma3Config(
        text_config=tf.Gemma3TextConfig(
            **_text_sizes(len(words)),
            head_dim=16,
            query_pre_attn_scalar=16,
            sliding_window=24,
            layer_types=["sliding_attention", "full_attention"],
            eos_token_id=words.eos_token_id,
        ),
        vision_config={"model_type": "siglip_vision_model", **_siglip(), "vision_use_head": False},
        mm_tokens_per_image=4,
        boi_token_index=words.boi_token_id,
        eoi_token_index=words.eoi_token_id,
        image_token_index=words.image_token_id,
        tie_word_embeddings=False,
    )
    return tf.Gemma3ForConditionalGeneration(config), processor


def qwen3_5() -> tuple[Any, Any]:
    """Qwen3.5: linear attention in every layer but some, whose state cannot be masked, so branches are not packed."""
    words = tokenizer(_QWEN, eos="<|im_end|>")
    pixels = {"shortest_edge": 32 * 32, "longest_edge": 96 * 96}
    processor = tf.Qwen3VLProcessor(
        tf.Qwen2VLImageProcessor(size=pixels, patch_size=16),
        words,
        tf.Qwen3VLVideoProcessor(size={"shortest_edge": 32 * 32, "longest_edge": 8 * 96 * 96}),
        chat_template=_QWEN_TEMPLATE,
    )
    config = tf.Qwen3_5Config(
        text_config={
            **_text_sizes(len(words)),
            "head_dim": 16,
            "layer_types": ["linear_attention", "full_attention"],
            "linear_key_head_dim": 8,
            "linear_value_head_dim": 8,
            "linear_num_key_heads": 2,
            "linear_num_value_heads": 4,
            "eos_token_id": words.eos_token_id,
            "rope_parameters": {"rope_type": "default", "mrope_section": [1, 1, 0], "rope_theta": 1e4},
        },
        vision_config={
            "depth": 2,
            "hidden_size": 64,
            "intermediate_size": 128,
            "num_heads": 2,
            "out_hidden_size": 64,
            "num_position_embeddings": 16,
        },
        **_vision_ids(words),
    )
    return tf.Qwen3_5ForConditionalGeneration(config), processor


BUILDERS: dict[str, Callable[[], tuple[Any, Any]]] = {
    "llava": llava,
    "qwen2_5_vl": qwen2_5_vl,
    "qwen3_vl": qwen3_vl,
    "qwen3_5": qwen3_5,
    "smolvlm": smolvlm,
    "llava_onevision": llava_onevision,
    "internvl": internvl,
    "gemma3": gemma3,
}
