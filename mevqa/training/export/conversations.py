"""Conversations about clips, worded as training words them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from mevqa.control_tokens import escape_control_tokens
from mevqa.errors import InputError, Problem
from mevqa.inference.evaluation import Plan
from mevqa.models.transformers.prompts.conversation import Message, messages
from mevqa.questions.prompts import PromptLibrary
from mevqa.questions.question_types import asks_long_video
from mevqa.training.examples.clips import of_clips, training_clips
from mevqa.types import Clip, Question, View


@dataclass(frozen=True, slots=True)
class AskedQuestion:
    """A question as a model is asked it.

    Attributes:
        id: Its id.
        type: Its type.
        text: What follows the pictures.
        answer: What the model shall answer; None for a question that is still to be answered.
    """

    id: str
    type: str
    text: str
    answer: str | None


@dataclass(frozen=True, slots=True)
class ClipConversations:
    """A clip with its questions; each is a conversation of its own, as none sees the answers to the others.

    Attributes:
        clip: The clip.
        system: The common system text; empty for none.
        asked: The questions.
    """

    clip: Clip
    system: str
    asked: tuple[AskedQuestion, ...]

    @property
    def is_answered(self) -> bool:
        """Whether one of its questions has an answer to learn."""
        return any(question.answer is not None for question in self.asked)

    def messages(self, asked: AskedQuestion, views: Sequence[View], notes: Sequence[str] = ()) -> list[Message]:
        """Return one conversation in structured chat messages.

        Args:
            asked: One of its questions.
            views: The clip's pictures.
            notes: What views of words say of the clip, behind the system text.
        """
        plain = [replace(view, caption=escape_control_tokens(view.caption)) for view in views]
        answer = None if asked.answer is None else escape_control_tokens(asked.answer)
        system, text = escape_control_tokens("\n\n".join([self.system, *notes])), escape_control_tokens(asked.text)
        return messages(system, plain, text, answer=answer)


def clip_conversations(work: Plan, prompts: PromptLibrary) -> list[ClipConversations]:
    """Return the conversations about short clips, in the order of the plan.

    Answers are those that training would learn (``training_clips``). Questions about long videos are left out, as in
    training.

    Args:
        work: Clips with questions.
        prompts: How they are asked.

    Raises:
        InputError: Every answer that cannot be one; a prompt variant that asks for reasoning; no question about a short
            clip at all.
    """
    answers = _answers(work, prompts)
    conversations = []
    for clip_id, questions in work.questions.items():
        asked = tuple(
            AskedQuestion(question.id, question.type, prompts.request(question).text, answers.get(question.id))
            for question in questions
            if not asks_long_video(question)
        )
        if asked:
            clip = work.clips[clip_id]
            conversations.append(ClipConversations(clip, prompts.system(clip.dataset, clip.notes), asked))
    if not conversations:
        names = ", ".join(str(file.path) for file in work.files)
        raise InputError([Problem(names, "holds no question about a short clip; there is nothing to export")])
    return conversations


def short_questions(work: Plan) -> Plan:
    """Return the plan without questions about long videos."""
    groups = {clip: tuple(q for q in questions if not asks_long_video(q)) for clip, questions in work.questions.items()}
    short_groups = {clip: questions for clip, questions in groups.items() if questions}
    return replace(of_clips(work, short_groups), questions=short_groups, prepared=work.prepared)


def _answers(work: Plan, prompts: PromptLibrary) -> dict[str, str]:
    """Return the answers that training would learn, by question id."""

    def is_learnt(question: Question) -> bool:
        return question.reference is not None and not asks_long_video(question)

    if not any(map(is_learnt, work.all_questions)):
        return {}
    learnt = [question for clip in training_clips(work, prompts) for question in clip.questions]
    return {question.id: str(question.reference) for question in learnt}
