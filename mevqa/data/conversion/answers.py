"""Answers that stand without their questions: the output of other toolkits, joined to a question file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mevqa.data.conversion.turns import read_turns
from mevqa.data.documents.keys import first_of, keys_of
from mevqa.data.documents.records import Record
from mevqa.data.official import QuestionFile
from mevqa.names import NameIndex


def join_answers(
    records: Sequence[Record], file: QuestionFile
) -> tuple[dict[str, str], list[str], list[tuple[int, str]]]:
    """Return answers by question id, notes on how they were joined, and problems with their lines.

    Records are joined by id. Where none has an id, they are joined in the order of the questions, which their number
    (and their question, where they have it) must fit.

    Args:
        records: What a model said, one a question.
        file: The questions.
    """
    answers: dict[str, str] = {}
    problems: list[tuple[int, str]] = []
    known = {question.id: question for question in file.questions}
    index = NameIndex(known)
    named = [_id(record.values) for record in records]
    by_order = not any(named)
    if by_order and len(records) != len(known):
        message = f"has no ids and {len(records)} answers to {len(known)} questions of {file.path.name}"
        return {}, [], [(0, message)]
    ids: Sequence[str | None] = list(known) if by_order else named
    for record, name in zip(records, ids, strict=True):
        try:
            answer, asked = _said(record.values)
            if name is None:
                raise ValueError("has no id, others have one")
            # A spreadsheet makes 1 of the id 001.
            found = index.find(name)
            if found is None:
                raise ValueError(f"the id {name!r} is not in {file.path.name}")
            name = found
            if name in answers:
                raise ValueError(f"answers {name!r} a second time")
            if by_order and asked is not None and _plain(known[name].text) not in _plain(asked):
                raise ValueError(f"asks {asked[:60]!r} where {file.path.name} asks {known[name].text[:60]!r}")
        except ValueError as error:
            problems.append((record.line, str(error)))
            continue
        answers[name] = answer
    notes = ["the answers have no ids: they were joined in the order of the questions"] if by_order else []
    missing = len(known) - len(answers)
    if missing and not problems:
        notes.append(f"{missing} of {len(known)} questions have no answer here and stay as they were")
    return answers, notes, problems


def _id(values: Mapping[str, Any]) -> str | None:
    video_id = next((value for key, value in values.items() if key.strip().lower() == "video_id"), None)
    name = first_of(values, "id") if video_id is None else video_id
    return str(name) if isinstance(name, (str, int)) and str(name).strip() else None


def _said(values: Mapping[str, Any]) -> tuple[str, str | None]:
    """Return what a model said, and its question or prompt where the record has that too.

    Raises:
        ValueError: There is no answer, or it is no text.
    """
    answer = _of_server(values)
    keys = keys_of(values, "predicted")
    asked = values.get("question", values.get("query", values.get("prompt")))
    if keys_of(values, "turns"):
        asked, said = read_turns(values, 0, predictions=True).pairs[-1]
        answer = said if answer is None and not keys else answer
    if answer is None and not keys:
        raise ValueError("has no answer")
    answer = values[keys[0]] if answer is None else answer
    if not isinstance(answer, str):
        raise ValueError(f"the answer must be a text in double quotes, not {type(answer).__name__}")
    return answer, asked if isinstance(asked, str) else None


def _of_server(values: Mapping[str, Any]) -> Any:
    """Return the answer in the reply of a server that speaks OpenAI's protocol, None for anything else."""
    response = values.get("response")
    reply = response.get("body") if isinstance(response, dict) else None
    choices = reply.get("choices") if isinstance(reply, dict) else values.get("choices")
    if not isinstance(choices, list) or not choices or not isinstance(choices[0], dict):
        return None
    message = choices[0].get("message")
    return message.get("content") if isinstance(message, dict) else choices[0].get("text")


def _plain(text: str) -> str:
    return " ".join(text.replace("<image>", " ").replace("<video>", " ").split())
