"""Nano's tokeniser and chat template: every name of the vocabulary is one token.

A byte-level BPE whose pre-tokeniser keeps the names of action units whole, with the separator or space before them, so
that naming a unit is one decision of the model and no spelling competes with another. Any other text falls back to
words, pieces of words and bytes: nothing is out of vocabulary.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from transformers import PreTrainedTokenizerFast

from mevqa.facs import UNIT_NAMES

PAD, BEGIN, END, IMAGE, ANSWER = "<pad>", "<s>", "</s>", "<image>", "<answer>"

#: Spellings that stand in official files beside the names of ``mevqa.facs``.
_SPELLINGS = ("nostril dilator", "nostril dilater", "nostril compressor", "nostril compress")

#: Pictures first, then the last text of the user's turn. Captions are left out: there is one kind of picture only.
CHAT_TEMPLATE = (
    "{{ bos_token }}"
    "{% for message in messages %}"
    "{% if message.role == 'system' %}"
    "{% for part in message.content %}{{ part.text }}{{ '\\n' }}{% endfor %}"
    "{% elif message.role == 'user' %}"
    "{% for part in message.content if part.type == 'image' %}<image>{% endfor %}"
    "{{ (message.content | selectattr('type', 'equalto', 'text') | list | last).text }}<answer>"
    "{% else %}"
    "{% for part in message.content %}{{ part.text }}{% endfor %}{{ eos_token }}"
    "{% endif %}"
    "{% endfor %}"
)


def build_tokenizer(texts: Iterable[str], vocabulary: int = 1024) -> PreTrainedTokenizerFast:
    """Train the tokeniser on the texts that nano reads and writes.

    Args:
        texts: Questions, answers and system texts.
        vocabulary: Most tokens, bytes included.
    """
    from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

    names = sorted({*UNIT_NAMES, *_SPELLINGS}, key=lambda name: (-len(name), name))
    pattern = rf"(?:, | )?(?:{'|'.join(re.escape(name) for name in names)})\b| ?[A-Za-z]+| ?[0-9]| ?[^A-Za-z0-9\s]+|\s"
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(pattern), behavior="isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        min_frequency=1,
        special_tokens=[PAD, BEGIN, END, IMAGE, ANSWER],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    prefixed_names = [prefix + name for name in names for prefix in ("", " ", ", ")]
    tokenizer.train_from_iterator([*texts, *prefixed_names * 3], trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        bos_token=BEGIN,
        eos_token=END,
        pad_token=PAD,
        extra_special_tokens={"image_token": IMAGE, "answer_token": ANSWER},
        chat_template=CHAT_TEMPLATE,
        clean_up_tokenization_spaces=False,
    )
