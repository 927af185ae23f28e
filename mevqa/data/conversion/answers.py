"""Join answers that stand without their questions, the output of other toolkits, to the questions of a file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mevqa.data.conversion.turns import read_turns
from mevqa.data.documents.keys import first_of, keys_of, record_keys
from mevqa.data.documents.records import Record
from mevqa.names import NameIndex

#: Most characters that are shown of a server's message.
_LONGEST_SERVER_MESSAGE = 200


@dataclass(frozen=True, slots=True)
class ExpectedAnswer:
    """A question whose answer is looked for.

    Attributes:
        id: Its id.
        text: The question, which its prompt contains.
        user: The whole turn of the user, with placeholders; empty where that is not known.
        pictures: Files of its pictures; empty where they are not known.
        label: The right answer, which some toolkits write beside theirs; None where it is not known.
    """

    id: str
    text: str
    user: str = ""
    pictures: tuple[str, ...] = ()
    label: str | None = None


@dataclass(frozen=True, slots=True)
class GivenAnswer:
    """A model's answer to one question, as a record holds it.

    Attributes:
        text: The answer; empty where there is none.
        error: Why the server has no answer, in its words or by the reason for which it ended; None where it has one.
        truncated: Whether the server reports that the bound on its length cut it off.
    """

    text: str
    error: str | None = None
    truncated: bool = False


def join_answers(
    records: Sequence[Record], expected: Sequence[ExpectedAnswer], asked_in: str, *, unanswered: bool = False
) -> tuple[dict[str, GivenAnswer], list[str], list[tuple[int, str]]]:
    """Return answers by question id, notes on how they were joined, and problems with their lines.

    Records are joined by id. Where none has an id, they are joined by what the user said and the pictures, if both are
    known, else in the order of the questions, which their number (and prompt and label, where they have them) must fit.

    Args:
        records: A model's answers, one a question.
        expected: The questions, in order.
        asked_in: Name of the file of the questions, for messages.
        unanswered: Whether a record may have no answer, which is an empty text or an error then.
    """
    answers: dict[str, GivenAnswer] = {}
    problems: list[tuple[int, str]] = []
    questions_by_id = {question.id: question for question in expected}
    index = NameIndex(questions_by_id)
    record_ids = [_id(record.values) for record in records]
    by_content = None if any(record_ids) else _by_content(records, expected)
    by_order = by_content is None and not any(record_ids)
    if by_order and len(records) != len(questions_by_id):
        answered = "1 answer" if len(records) == 1 else f"{len(records)} answers"
        message = f"has no ids and {answered} to {len(questions_by_id)} questions of {asked_in}"
        return {}, [], [(0, message)]
    ids: Sequence[str | None] = list(questions_by_id) if by_order else by_content or record_ids
    for record, name in zip(records, ids, strict=True):
        try:
            answer, prompt = _read_answer(record.values, unanswered=unanswered)
            if name is None:
                raise ValueError(
                    "has no id, others have one" if by_content is None else f"asks what {asked_in} does not"
                )
            # A spreadsheet makes 1 of the id 001.
            question_id = index.find(name)
            if question_id is None:
                raise ValueError(f"the id {name!r} is not in {asked_in}")
            name = question_id
            if name in answers:
                raise ValueError(f"answers {name!r} a second time")
            if by_order:
                _check_place(record.values, prompt, questions_by_id[name], asked_in)
        except ValueError as error:
            problems.append((record.line, str(error)))
            continue
        answers[name] = answer
    notes = ["the answers have no ids: they were joined in the order of the questions"] if by_order else []
    if by_content is not None:
        notes.append("the answers have no ids: they were joined by their prompts and pictures")
    return answers, notes, problems


def _check_place(values: Mapping[str, Any], prompt: str | None, expected: ExpectedAnswer, asked_in: str) -> None:
    """Refuse a record that stands in another question's place.

    Raises:
        ValueError: Its prompt or its label is another one.
    """
    if prompt is not None and _plain(expected.text) not in _plain(prompt):
        raise ValueError(f"asks {prompt[-60:]!r} where {asked_in} asks {expected.text[:60]!r}")
    label = values.get("label", values.get("labels"))
    if isinstance(label, str) and label.strip() and expected.label and _plain(label) != _plain(expected.label):
        raise ValueError(
            f"has the label {label.strip()[:40]!r} where {asked_in} has {expected.label[:40]!r} for {expected.id!r}: "
            "the order is another"
        )


def _by_content(records: Sequence[Record], expected: Sequence[ExpectedAnswer]) -> list[str | None] | None:
    """Return the question of each record by prompt and pictures, None for one of no question.

    None for all where records or questions do not hold both.
    """
    if not all(question.user and question.pictures for question in expected):
        return None
    places: dict[str, list[ExpectedAnswer]] = {}
    for question in expected:
        places.setdefault(_plain(question.user), []).append(question)
    question_ids: list[str | None] = []
    taken: set[str] = set()
    for record in records:
        user, pictures = _last_user_turn(record.values), list(_picture_names(first_of(record.values, "images")))
        if user is None or not pictures:
            return None
        fitting = [question.id for question in places.get(_plain(user), ()) if _are_same(pictures, question.pictures)]
        # Two questions alike about one clip are answered one after the other.
        name = next((name for name in fitting if name not in taken), fitting[0] if fitting else None)
        taken.update([name] if name is not None else [])
        question_ids.append(name)
    return question_ids


def _are_same(pictures: Sequence[str], names: Sequence[str]) -> bool:
    """Whether paths lead to files that are named below a folder."""
    if len(pictures) != len(names):
        return False
    pairs = zip(pictures, names, strict=True)
    return all(f"/{path}".replace("\\", "/").endswith(f"/{name}") for path, name in pairs)


def _picture_names(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        value = value.get("path") or value.get("url")
    if isinstance(value, str):
        yield value
    for item in value if isinstance(value, list) else ():
        yield from _picture_names(item)


def _last_user_turn(values: Mapping[str, Any]) -> str | None:
    """Return the last turn of the user in a record, with its placeholders; None where that is no text."""
    table = record_keys()
    turns = first_of(values, "turns")
    for turn in reversed(turns) if isinstance(turns, list) else ():
        speaker = next((turn[key] for key in table.speaker if key in turn), None) if isinstance(turn, dict) else None
        if speaker in table.roles["user"]:
            text = next((turn[key] for key in table.words if key in turn), None)
            return text if isinstance(text, str) else None
    return None


def _id(values: Mapping[str, Any]) -> str | None:
    video_id = next((value for key, value in values.items() if key.strip().lower() == "video_id"), None)
    name = first_of(values, "id") if video_id is None else video_id
    return str(name) if isinstance(name, (str, int)) and str(name).strip() else None


def _read_answer(values: Mapping[str, Any], *, unanswered: bool) -> tuple[GivenAnswer, str | None]:
    """Return a model's answer, and its question or prompt where the record has that too.

    Raises:
        ValueError: There is no answer, or it is no text.
    """
    server_answer = _server_answer(values)
    keys = keys_of(values, "predicted")
    prompt = values.get("question", values.get("query", values.get("prompt")))
    answer: Any = None if server_answer is None else server_answer.text
    if keys_of(values, "turns"):
        prompt, turn_answer = read_turns(values, 0, predictions=True).pairs[-1]
        answer = turn_answer if answer is None and not keys else answer
    if answer is None and keys:
        answer = values[keys[0]]
    error = None if server_answer is None else server_answer.error
    if not unanswered and (answer is None or (server_answer is not None and (error or not server_answer.text))):
        raise ValueError("has no answer" if error is None else f"has no answer: {error}")
    answer = "" if answer is None else answer
    if not isinstance(answer, str):
        raise ValueError(f"the answer must be a text in double quotes, not {type(answer).__name__}")
    truncated = server_answer is not None and server_answer.truncated
    return GivenAnswer(answer, error, truncated), prompt if isinstance(prompt, str) else None


def _server_answer(values: Mapping[str, Any]) -> GivenAnswer | None:
    """Return the answer in the reply of a server that speaks OpenAI's protocol, None for anything else."""
    response = values.get("response")
    reply = response.get("body") if isinstance(response, dict) else None
    choices = reply.get("choices") if isinstance(reply, dict) else values.get("choices")
    if isinstance(choices, list) and choices and isinstance(choices[0], dict):
        return _choice_answer(choices[0])
    if not isinstance(response, dict) and not (response is None and "custom_id" in values and values.get("error")):
        return None
    error = values.get("error") or (reply.get("error") if isinstance(reply, dict) else None)
    reason = error.get("message") or error.get("code") if isinstance(error, dict) else error
    message = " ".join(str(reason or "no choice in its reply").split())
    return GivenAnswer("", f"the server had no answer: {message[:_LONGEST_SERVER_MESSAGE]}")


def _choice_answer(choice: Mapping[str, Any]) -> GivenAnswer:
    """Return a server's choice; one that was refused or filtered is an error, whatever it holds."""
    message = choice.get("message")
    text = message.get("content") if isinstance(message, dict) else choice.get("text")
    reason, refusal = choice.get("finish_reason"), message.get("refusal") if isinstance(message, dict) else None
    error = None
    if refusal:
        error = f"the model refused: {' '.join(str(refusal).split())[:_LONGEST_SERVER_MESSAGE]}"
    elif reason == "content_filter":
        error = "the server's filter cut the answer off"
    return GivenAnswer("" if text is None else text, error, reason == "length")


def _plain(text: str) -> str:
    return " ".join(text.replace("<image>", " ").replace("<video>", " ").split())
