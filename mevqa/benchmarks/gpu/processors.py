"""Processors of the model families that the recipes name, made without any download.

Pictures become as many tokens as with the real ones. The tokeniser is trained on what the models are asked, with a
vocabulary so small that it cuts these texts into about as many tokens as a real one does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

#: Size of the trained vocabulary: with it the text of a clip (system text, captions, six questions and answers) has
#: about the 790 tokens that Qwen2.5's own tokeniser makes of it.
_VOCABULARY = 580
#: Turns in the ChatML form.
_CHATML = (
    "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{% for c in m['content'] %}"
    "{% if c['type'] == 'image' %}IMAGE{% else %}{{ c['text'] }}{% endif %}"
    "{% endfor %}<|im_end|>\n{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
_QWEN = ("<|im_start|>", "<|im_end|>", "<|vision_start|>", "<|vision_end|>", "<|image_pad|>", "<|video_pad|>")


@dataclass(frozen=True, slots=True)
class PictureSizes:
    """Sizes to which a family's processor cuts pictures.

    Attributes:
        side: Width and height of the pictures that are shown, pixels.
        tile: Width and height to which they are cut or scaled, pixels; of Qwen2.5-VL the least.
        patch: Side of the vision tower's patches, pixels.
        tokens: Of a tile; of a picture where there are no tiles.
        most_tiles: Across a picture.
    """

    side: int
    tile: int
    patch: int
    tokens: int
    most_tiles: int


@dataclass(frozen=True, slots=True)
class FamilyProcessor:
    """A processor, with what it decides in its model's config.

    Attributes:
        processor: The processor.
        text: Keys of the text part's config.
        more: Keys of the config itself.
    """

    processor: Any
    text: dict[str, Any]
    more: dict[str, Any]


def make_processor(family: str, sizes: PictureSizes, texts: Iterable[str]) -> FamilyProcessor:
    """Return the processor of a family.

    Args:
        family: Key of ``FAMILIES``.
        sizes: Of its pictures.
        texts: What its tokeniser is trained on.
    """
    return FAMILIES[family](sizes, texts)


def _tokenizer(
    texts: Iterable[str],
    special: Sequence[str],
    eos: str,
    named_tokens: dict[str, str] | None = None,
    bos: str | None = None,
) -> Any:
    """Return a byte-level BPE tokeniser trained on ``texts``."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    core = Tokenizer(models.BPE())
    core.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    core.decoder = decoders.ByteLevel()
    every = list(dict.fromkeys(["<pad>", *special, *(named_tokens or {}).values()]))
    trainer = trainers.BpeTrainer(
        vocab_size=_VOCABULARY,
        special_tokens=every,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    core.train_from_iterator(texts, trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=core, pad_token="<pad>", eos_token=eos, bos_token=bos, extra_special_tokens=named_tokens or {}
    )


def _text_keys(words: Any) -> dict[str, Any]:
    return {"eos_token_id": words.eos_token_id, "bos_token_id": words.bos_token_id, "pad_token_id": words.pad_token_id}


def _qwen(sizes: PictureSizes, texts: Iterable[str]) -> tuple[Any, str, dict[str, Any]]:
    """Return tokeniser, template and the config's keys that the Qwen families share."""
    words = _tokenizer(texts, _QWEN, "<|im_end|>")
    names = {"image_token_id": "image_pad", "video_token_id": "video_pad"}
    names |= {"vision_start_token_id": "vision_start", "vision_end_token_id": "vision_end"}
    ids = {key: words.convert_tokens_to_ids(f"<|{name}|>") for key, name in names.items()}
    return words, _CHATML.replace("IMAGE", "<|vision_start|><|image_pad|><|vision_end|>"), ids


def _qwen2_5_vl(sizes: PictureSizes, texts: Iterable[str]) -> FamilyProcessor:
    import transformers as tf

    words, template, ids = _qwen(sizes, texts)
    area = {"shortest_edge": sizes.tile**2, "longest_edge": 1280 * 28**2}
    processor = tf.Qwen2_5_VLProcessor(
        tf.Qwen2VLImageProcessor(size=area), words, tf.Qwen2VLVideoProcessor(size=area), chat_template=template
    )
    return FamilyProcessor(processor, _text_keys(words), ids)


def _qwen3_vl(sizes: PictureSizes, texts: Iterable[str]) -> FamilyProcessor:
    import transformers as tf

    words, template, ids = _qwen(sizes, texts)
    area = {"shortest_edge": sizes.tile**2, "longest_edge": 4096**2}
    processor = tf.Qwen3VLProcessor(
        tf.Qwen2VLImageProcessor(size=area, patch_size=sizes.patch),
        words,
        tf.Qwen3VLVideoProcessor(size=area),
        chat_template=template,
    )
    return FamilyProcessor(processor, _text_keys(words), ids)


def _smolvlm(sizes: PictureSizes, texts: Iterable[str]) -> FamilyProcessor:
    import transformers as tf

    across = range(1, sizes.most_tiles + 1)
    tiles = [f"<row_{row}_col_{column}>" for row in across for column in across]
    special = ["<fake_token_around_image>", "<image>", "<video>", "<end_of_utterance>", "<global-img>", "<|im_start|>"]
    words = _tokenizer(texts, [*special, *tiles], "<end_of_utterance>", bos="<|im_start|>")
    template = (
        "<|im_start|>{% for m in messages %}{{ m['role'] | capitalize }}: {% for c in m['content'] %}"
        "{% if c['type'] == 'image' %}<image>{% else %}{{ c['text'] }}{% endif %}"
        "{% endfor %}<end_of_utterance>\n{% endfor %}{% if add_generation_prompt %}Assistant:{% endif %}"
    )
    tile = {"longest_edge": sizes.tile}
    processor = tf.SmolVLMProcessor(
        tf.SmolVLMImageProcessor(size={"longest_edge": sizes.tile * sizes.most_tiles}, max_image_size=tile),
        words,
        tf.SmolVLMVideoProcessor(size=tile, max_image_size=tile, num_frames=4, fps=1),
        image_seq_len=sizes.tokens,
        chat_template=template,
    )
    return FamilyProcessor(processor, _text_keys(words), {"image_token_id": words.convert_tokens_to_ids("<image>")})


def _llava_onevision(sizes: PictureSizes, texts: Iterable[str]) -> FamilyProcessor:
    import transformers as tf

    names = {"image_token": "<image>", "video_token": "<video>"}
    words = _tokenizer(texts, ["<|im_start|>", "<|im_end|>"], "<|im_end|>", names)
    across = range(1, sizes.most_tiles + 1)
    pins = [[sizes.tile * rows, sizes.tile * columns] for rows in across for columns in across]
    tile = {"height": sizes.tile, "width": sizes.tile}
    processor = tf.LlavaOnevisionProcessor(
        tf.LlavaOnevisionImageProcessor(size=tile, image_grid_pinpoints=pins),
        words,
        tf.LlavaOnevisionVideoProcessor(size=tile),
        num_image_tokens=sizes.tokens,
        vision_feature_select_strategy="full",
        chat_template=_CHATML.replace("IMAGE", "<image>"),
    )
    ids = {"image_token_index": processor.image_token_id, "video_token_index": processor.video_token_id}
    return FamilyProcessor(processor, _text_keys(words), {**ids, "image_grid_pinpoints": pins})


def _internvl(sizes: PictureSizes, texts: Iterable[str]) -> FamilyProcessor:
    import transformers as tf

    names = {
        "start_image_token": "<img>",
        "end_image_token": "</img>",
        "context_image_token": "<IMG_CONTEXT>",
        "video_token": "<video>",
    }
    words = _tokenizer(texts, ["<|im_start|>", "<|im_end|>"], "<|im_end|>", names)
    tile = {"height": sizes.tile, "width": sizes.tile}
    processor = tf.InternVLProcessor(
        tf.GotOcr2ImageProcessor(size=tile, crop_to_patches=True, max_patches=sizes.most_tiles),
        words,
        tf.InternVLVideoProcessor(size=tile),
        image_seq_length=sizes.tokens,
        chat_template=_CHATML.replace("IMAGE", "<IMG_CONTEXT>\n"),
    )
    more = {"image_token_id": processor.image_token_id, "image_seq_length": sizes.tokens}
    return FamilyProcessor(processor, _text_keys(words), more)


def _gemma3(sizes: PictureSizes, texts: Iterable[str]) -> FamilyProcessor:
    import transformers as tf

    names = {"image_token": "<image_soft_token>", "boi_token": "<start_of_image>", "eoi_token": "<end_of_image>"}
    words = _tokenizer(texts, ["<bos>", "<start_of_turn>", "<end_of_turn>"], "<end_of_turn>", names, "<bos>")
    template = (
        "{{ bos_token }}{% set first = '' %}{% if messages[0]['role'] == 'system' %}"
        "{% set first = messages[0]['content'][0]['text'] + '\n\n' %}{% set messages = messages[1:] %}{% endif %}"
        "{% for m in messages %}<start_of_turn>{{ 'model' if m['role'] == 'assistant' else m['role'] }}\n"
        "{{ first if loop.first else '' }}{% for c in m['content'] %}"
        "{% if c['type'] == 'image' %}<start_of_image>{% else %}{{ c['text'] | trim }}{% endif %}{% endfor %}"
        "<end_of_turn>\n{% endfor %}{% if add_generation_prompt %}<start_of_turn>model\n{% endif %}"
    )
    processor = tf.Gemma3Processor(
        tf.Gemma3ImageProcessor(size={"height": sizes.tile, "width": sizes.tile}),
        words,
        image_seq_length=sizes.tokens,
        chat_template=template,
    )
    more = {
        "mm_tokens_per_image": sizes.tokens,
        "boi_token_index": words.boi_token_id,
        "eoi_token_index": words.eoi_token_id,
        "image_token_index": words.image_token_id,
    }
    return FamilyProcessor(processor, _text_keys(words), more)


#: By family: what makes its processor.
FAMILIES: dict[str, Callable[[PictureSizes, Iterable[str]], FamilyProcessor]] = {
    "smolvlm": _smolvlm,
    "llava_onevision": _llava_onevision,
    "internvl": _internvl,
    "qwen2_5_vl": _qwen2_5_vl,
    "qwen3_vl": _qwen3_vl,
    "gemma3": _gemma3,
}
