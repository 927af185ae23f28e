"""Nano's shape: LLaVA (Liu et al., NeurIPS 2023) with a small CLIP vision tower and a small Llama decoder."""

from __future__ import annotations

from transformers import (
    CLIPImageProcessor,
    CLIPVisionConfig,
    LlamaConfig,
    LlavaConfig,
    LlavaForConditionalGeneration,
    LlavaProcessor,
    PreTrainedTokenizerFast,
)

from mevqa.models.base import Preferences
from mevqa.models.transformers.model import TransformersModel
from mevqa.training.nano.drawn_maps import MAP_SIZE
from mevqa.training.nano.tokens import IMAGE

_PATCH = 4
#: Width of the vision tower and of the decoder.
WIDTH = 192

#: A motion map's channels have their median at 128 and four deviations at 127 from it (``centre_channels``): so the
#: network sees values of mean 0 and deviation 1.
_PIXEL_MEAN = 128 / 255
_PIXEL_DEVIATION = 127 / 255 / 4


def build_model(tokenizer: PreTrainedTokenizerFast) -> LlavaForConditionalGeneration:
    """Return nano with random weights.

    The class token of the vision tower is kept among the picture's tokens (``full``): it is trained to hold the units
    of the whole face, which spares the decoder the search through the patches.
    """
    vision = CLIPVisionConfig(
        hidden_size=WIDTH,
        intermediate_size=3 * WIDTH,
        num_hidden_layers=4,
        num_attention_heads=4,
        image_size=MAP_SIZE,
        patch_size=_PATCH,
        hidden_act="gelu_pytorch_tanh",
        layer_norm_eps=1e-6,
    )
    text = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=WIDTH,
        intermediate_size=2 * WIDTH,
        num_hidden_layers=3,
        num_attention_heads=4,
        num_key_value_heads=4,
        max_position_embeddings=1024,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
        tie_word_embeddings=True,
    )
    config = LlavaConfig(
        vision_config=vision,
        text_config=text,
        image_token_index=tokenizer.get_vocab()[IMAGE],
        image_seq_length=(MAP_SIZE // _PATCH) ** 2 + 1,
        vision_feature_layer=-1,
        vision_feature_select_strategy="full",
        tie_word_embeddings=True,
    )
    model = LlavaForConditionalGeneration(config)
    model.generation_config.eos_token_id = tokenizer.eos_token_id
    model.generation_config.pad_token_id = tokenizer.pad_token_id
    return model


def build_processor(tokenizer: PreTrainedTokenizerFast) -> LlavaProcessor:
    """Return the processor that turns chat messages and pictures into nano's input."""
    pictures = CLIPImageProcessor(
        size={"height": MAP_SIZE, "width": MAP_SIZE},
        do_center_crop=False,
        crop_size={"height": MAP_SIZE, "width": MAP_SIZE},
        resample=2,
        image_mean=[_PIXEL_MEAN] * 3,
        image_std=[_PIXEL_DEVIATION] * 3,
    )
    return LlavaProcessor(
        image_processor=pictures,
        tokenizer=tokenizer,
        patch_size=_PATCH,
        vision_feature_select_strategy="full",
        num_additional_image_tokens=1,
        chat_template=tokenizer.chat_template,
        image_token=IMAGE,
    )


def untrained(seed: int) -> TransformersModel:
    """Return nano with random weights, asked as the trained one is.

    Args:
        seed: Of the weights.
    """
    import torch

    from mevqa.training.nano.dialogues import VARIANT, all_texts
    from mevqa.training.nano.tokens import build_tokenizer

    tokenizer = build_tokenizer(all_texts())
    torch.manual_seed(seed)
    return TransformersModel(
        build_model(tokenizer),
        build_processor(tokenizer),
        name="untrained-nano",
        revision=f"seed-{seed}",
        preferences=Preferences(views=("motion-centred",), variant=VARIANT, option_score="sum", sees_rest=False),
    )
