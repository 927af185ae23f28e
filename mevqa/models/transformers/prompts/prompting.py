"""From a conversation to token ids: the processor's chat template, its pictures once, and answers in context."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np

from mevqa.control_tokens import escape_control_tokens, known_control_tokens
from mevqa.errors import ModelError
from mevqa.models.transformers.prompts.conversation import Message, messages, render, split_views
from mevqa.models.transformers.prompts.thinking import Thought, find_thought, is_open, thinking_switches
from mevqa.types import Shot, View

#: Stands for a text in the templates that are probed; without white space or markup that a template could change.
_PROBE = "Xprobe"
#: Bound on each cache of token ids; a run asks a few dozen different questions, answers are a few tokens long.
_CACHE = 100_000
#: Bound on remembered texts without control tokens.
_ESCAPED = 4096
_escaped = lru_cache(_ESCAPED)(escape_control_tokens)


@dataclass(frozen=True)
class Prompt:
    """One question's whole conversation.

    Attributes:
        ids: Its token ids, picture tokens included, up to where the answer begins.
        context: The end of its text, from the last special token on: what an answer is tokenised after.
    """

    ids: list[int]
    context: str


@dataclass(frozen=True)
class Prompts:
    """The conversations of one clip.

    Attributes:
        prompts: One a question.
        inputs: What the processor made of the first: ids, pixels and whatever else the model takes.
        anchor: Number of leading ids that the pictures take part in; all prompts share them.
    """

    prompts: list[Prompt]
    inputs: Mapping[str, Any]
    anchor: int


class Prompter:
    """Renders and tokenises through a processor.

    The pictures are processed once a clip, for the first question. What follows the last picture in the text of
    another question is tokenised the same whatever the pictures were, because the picture's own special tokens cut
    the text before the tokeniser looks at it; so these ids are learned from one full processor call a question text
    and kept. Every learned answer is checked to share the ids up to the pictures' end.

    Args:
        processor: A transformers processor with a chat template.
        picture_tokens: Ids that stand for pictures and videos in the prompt.
        stop_tokens: Ids that end a turn by the generation config.
        video: Whether moments are handed over as a video.
        think: Whether prompts end inside a thought, where the template knows thoughts; otherwise a thought that the
            template opens is closed, so that an answer is asked for behind it.

    Attributes:
        thought: How the template writes thoughts; None for one that knows none.
        stop_tokens: Ids that end a turn.
        end_token: The one of them that the chat template itself ends an answer with.
        lead: What the chat template writes between the prompt and an answer.

    Raises:
        ModelError: The processor has no chat template, or one that drops the question.
    """

    def __init__(
        self,
        processor: Any,
        *,
        picture_tokens: frozenset[int],
        stop_tokens: frozenset[int],
        video: bool = False,
        think: bool = False,
    ) -> None:
        self.processor = processor
        self.tokenizer = processor.tokenizer
        self._pictures = picture_tokens
        self._video = video
        self._tails: dict[str, list[int]] = {}
        self._texts: dict[tuple[str, str], tuple[int, list[int]]] = {}
        self._switches = dict.fromkeys(thinking_switches(processor.chat_template), think)
        self._think = think
        self.thought: Thought | None = None
        self.thought = self._find_thought()
        self._control = self._control_tokens()
        self._system_role = self._knows_system_role()
        self._special, self._placeholders = self._special_texts()
        self.lead, end = self._answer_frame()
        end_tokens = self._end_of_turn(end)
        self.stop_tokens = stop_tokens | end_tokens
        if not self.stop_tokens:
            raise ModelError("the model has no end-of-turn token: neither its generation config nor its chat template")
        self.end_token = min(end_tokens or self.stop_tokens)

    def prompts(self, system: str, views: Sequence[View], texts: Sequence[str], shots: Sequence[Shot] = ()) -> Prompts:
        """Render and tokenise the conversations of one clip.

        Args:
            system: The common system text.
            views: The clip's pictures.
            texts: One text a question, at least one.
            shots: Answered clips that stand before it.

        Raises:
            ModelError: The conversation cannot be made.
        """
        if shots and self._video:
            raise ModelError("shots are shown as pictures: leave --as-video or --shots away")
        rendered = [self._render(self._conversation(system, views, text, shots)) for text in texts]
        clip, views = views, [*(view for shot in shots for view in shot.views), *views]
        inputs = self._process(rendered[0], views)
        first = inputs["input_ids"][0].tolist()
        anchor = max((i + 1 for i, token in enumerate(first) if token in self._pictures), default=0)
        common = common_length([*rendered, self._render(self._conversation(system, clip, _PROBE, shots))])
        cut = self._after_last_picture(rendered[0][:common])
        is_tail_reusable = (anchor > 0 and cut > 0) or not views
        all_ids = [first]
        if is_tail_reusable:
            self._remember(rendered[0][cut:], first[anchor:])
        for text in rendered[1:]:
            ids = self._tails.get(text[cut:]) if is_tail_reusable else None
            if ids is None:
                full = self._process(text, views)["input_ids"][0].tolist()
                if full[:anchor] != first[:anchor]:
                    raise ModelError("the chat template changes what stands before the pictures with the question")
                ids = full[anchor:]
                self._remember(text[cut:], ids)
            all_ids.append(first[:anchor] + ids)
        contexts = [text[max((text.rfind(token) for token in self._special), default=0) :] for text in rendered]
        return Prompts([Prompt(i, c) for i, c in zip(all_ids, contexts, strict=True)], inputs, anchor)

    def answers(self, context: str, texts: Sequence[str], *, back: int = 0) -> tuple[int, list[list[int]]]:
        """Tokenise possible answers where they will stand.

        A tokeniser may merge the beginning of an answer with the end of the prompt. Then the prompt's last tokens
        are not those that the model was trained to see before that answer; they are taken back and become part of
        the answer's ids.

        Args:
            context: The prompt's ``context``.
            texts: Possible answers or beginnings of answers.
            back: How many of the prompt's last ids to take back at least.

        Returns:
            How many of the prompt's last ids to take back, the same for all texts, and each text's ids from there.
        """
        if len(self._texts) >= _CACHE:
            self._texts.clear()
        missing = [text for text in texts if (context, text) not in self._texts]
        base = self.tokenise([context])[0]
        for text, ids in zip(missing, self.tokenise([context + self.lead + text for text in missing]), strict=True):
            shared = common_length([base, ids])
            self._texts[context, text] = (len(base) - shared, ids[shared:])
        spellings = [self._texts[context, text] for text in texts]
        back = max([back, *(taken for taken, _ in spellings)])
        return back, [base[len(base) - back : len(base) - taken] + ids for taken, ids in spellings]

    def decode(self, ids: Sequence[int]) -> str:
        """Return the text of generated ids."""
        return str(self.tokenizer.decode(list(ids), skip_special_tokens=True)).strip()

    def escape(self, text: str) -> str:
        """Return a text with what the model would read as control (``<image>``, ``<|im_end|>``) made plain."""
        return _escaped(text, self._control)

    def conversation(self, system: str, views: Sequence[View], text: str) -> list[Message]:
        """Return the chat messages of a question about a clip, as it is asked.

        Args:
            system: The common system text.
            views: The clip's pictures.
            text: The question.
        """
        return self._conversation(system, views, text)

    @property
    def switches(self) -> dict[str, bool]:
        """Arguments of the chat template besides the messages."""
        return dict(self._switches)

    def _conversation(self, system: str, views: Sequence[View], text: str, shots: Sequence[Shot] = ()) -> list[Message]:
        escaped = self.escape(system), self._plain(views), self.escape(text)
        escaped_shots = [
            Shot(
                shot.clip_id,
                tuple(self._plain(shot.views)),
                tuple((self.escape(q), self.escape(a)) for q, a in shot.turns),
            )
            for shot in shots
        ]
        return messages(*escaped, system_role=self._system_role, video=self._video, shots=escaped_shots)

    def _plain(self, views: Sequence[View]) -> list[View]:
        return [replace(view, caption=self.escape(view.caption)) for view in views]

    def _render(self, conversation: list[Message], *, prompt: bool = True, **switches: bool) -> str:
        """Return a conversation's text; a prompt ends where an answer begins, or inside a thought if it is to."""
        chosen = {**self._switches, **switches}
        text = render(self.processor, conversation, add_generation_prompt=prompt, **chosen)
        if prompt and self.thought is not None and is_open(text, self.thought) != self._think:
            text += self.thought.opening if self._think else self.thought.closing
        return text

    def _process(self, text: str, views: Sequence[View]) -> Mapping[str, Any]:
        """Run the whole processor on one rendered conversation."""
        moments, pictures = split_views(views, video=self._video)
        if moments and pictures and not self._takes_mixtures():
            raise ModelError(
                "this model takes either a video or pictures: leave the video option away, or choose views of one frame"
            )
        bos = self.tokenizer.bos_token
        extra: dict[str, Any] = {"add_special_tokens": False} if bos and text.startswith(bos) else {}
        if pictures:
            extra["images"] = [[view.image.convert("RGB") for view in pictures]]
        if moments:
            extra["videos"] = [[np.stack([np.asarray(view.image.convert("RGB")) for view in moments])]]
            extra["do_sample_frames"] = False
        return dict(self.processor(text=[text], return_tensors="pt", **extra))

    def _takes_mixtures(self) -> bool:
        """Return whether pictures and videos can go in together: some processors give both the same name."""
        names = (getattr(self.processor, kind).model_input_names for kind in ("image_processor", "video_processor"))
        return not set.intersection(*map(set, names)) & {"pixel_values"}

    def tokenise(self, texts: Sequence[str]) -> list[list[int]]:
        """Return the ids of each text alone."""
        if not texts:
            return []
        return list(self.tokenizer(list(texts), add_special_tokens=False)["input_ids"])

    def _remember(self, tail: str, ids: list[int]) -> None:
        if len(self._tails) >= _CACHE:
            self._tails.clear()
        self._tails[tail] = ids

    def _after_last_picture(self, text: str) -> int:
        """Return the index after the last picture's tokens in ``text``, 0 when it has none."""
        return max((at + len(t) for t in self._placeholders if (at := text.rfind(t)) >= 0), default=0)

    def _special_texts(self) -> tuple[list[str], list[str]]:
        """Return the special tokens that the template writes in every prompt, and those that stand for a picture.

        Only what a rendered prompt holds is returned: vocabularies have thousands of special tokens.
        """
        try:
            plain = self._render(messages("", [], "question"))
        except Exception as error:  # whatever jinja2 or the processor raises
            raise ModelError(f"the model's chat template cannot be used: {error}") from error
        added = {str(token): token.special for token in self.tokenizer.added_tokens_decoder.values()}
        special = [token for token, is_special in added.items() if is_special and token in plain]
        content = [{"type": "image"}, {"type": "video"}] if self._video else [{"type": "image"}]
        pictures = self._render([{"role": "user", "content": [*content, {"type": "text", "text": "question"}]}])
        return special, [t for t in added if t.strip() and t in pictures and t not in plain]

    def _control_tokens(self) -> frozenset[str]:
        """Return what the model, its processor or its kin read as control."""
        added = {str(token): token.special for token in self.tokenizer.added_tokens_decoder.values()}
        special = {token.strip() for token, is_special in added.items() if is_special or token.startswith("<|")}
        special |= set(map(str, self.tokenizer.all_special_tokens))
        special |= {v for k, v in vars(self.processor).items() if "token" in k and isinstance(v, str)}
        # A word is no markup: a tokeniser may call "the" special, and a question may still say it.
        marked = {token for token in special if len(token) > 2 and not token.isalnum() and not token[0].isspace()}
        return known_control_tokens() | marked

    def _find_thought(self) -> Thought | None:
        """Return how the template writes thoughts; None for one that knows none, or that cannot be used at all."""
        template = str(self.processor.chat_template)
        added = self.tokenizer.get_added_vocab()
        try:
            return find_thought(self._render, self._switches, lambda tag: tag in added or tag in template)
        except Exception:  # whatever jinja2 or the processor raises; ``_special_texts`` says so
            return None

    def _knows_system_role(self) -> bool:
        """Return whether the chat template renders a system message."""
        try:
            return _PROBE in self._render(messages(_PROBE, [], "question"))
        except Exception:  # templates refuse roles by raising whatever jinja2 offers
            return False

    def _answer_frame(self) -> tuple[str, str]:
        """Return what the template writes between the prompt and an answer, and after it."""
        conversation = messages("", [], "question")
        prompt = self._render(conversation)
        if "question" not in prompt:
            raise ModelError("the chat template drops the question's text; a template for pictures and text is needed")
        try:
            answered = self._render(messages("", [], "question", answer=_PROBE), prompt=False)
        except Exception:  # a template for questions only
            return "", ""
        if self.thought is not None:
            return "", answered.partition(_PROBE)[2]
        if not answered.startswith(prompt) or _PROBE not in answered[len(prompt) :]:
            return "", ""
        lead, _, end = answered[len(prompt) :].partition(_PROBE)
        return lead, end

    def _end_of_turn(self, end: str) -> frozenset[int]:
        """Return the special token that the template ends an answer with, as a set of at most one."""
        ids = self.tokenise([end.strip()])[0] if end.strip() else []
        special = set(self.tokenizer.get_added_vocab().values())
        return frozenset(ids[:1]) if ids and ids[0] in special else frozenset()


def common_length(sequences: Sequence[Sequence[Any]]) -> int:
    """Return the length of the longest common beginning."""
    first, *others = sequences
    length = len(first)
    for other in others:
        length = min(length, len(other))
        if first[:length] != other[:length]:
            length = next((i for i in range(length) if first[i] != other[i]), length)
    return length
