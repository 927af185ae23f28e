"""The prompt library: the system text of a clip and the question text of every type, read from YAML."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from mevqa.datasets import Taxonomy, datasets, taxonomy
from mevqa.errors import InputError, Problem
from mevqa.facs import UNIT_NAMES, prototype_units, unit_name
from mevqa.files.strict_yaml import StrictModel, read_yaml
from mevqa.questions.prompt_schema import DEFAULT, AnswerForm, Example, SystemFile, TypeFile, Variant, one_of
from mevqa.questions.question_types import question_type, question_types
from mevqa.questions.types import QuestionType
from mevqa.questions.vocabulary import FIXED_OPTIONS
from mevqa.questions.wordings import official_text
from mevqa.questions.writing.grammar import AnswerGrammar, Choices, admits
from mevqa.resources import TABLES, resource_folder
from mevqa.types import Question, Request

_SYSTEM = "system"
_QUESTION_TABLES = TABLES / "questions"
#: Tables whose content the prompts show.
_TABLES = (
    TABLES / "action_units.yaml",
    TABLES / "emotions.yaml",
    _QUESTION_TABLES / "surface_forms.yaml",
    _QUESTION_TABLES / "event_forms.yaml",
    _QUESTION_TABLES / "question_wordings.yaml",
    _QUESTION_TABLES / "answer_reading.yaml",
)

_File = TypeVar("_File", bound=StrictModel)


@dataclass(frozen=True, slots=True)
class _Prompt:
    """One type's prompt in the chosen variant."""

    file: TypeFile
    variant: Variant

    def answer(self, dataset: str) -> AnswerForm:
        return self.file.answer_by_dataset.get(dataset, self.file.answer)


class PromptLibrary:
    """System texts and question texts for a model, in one variant.

    Attributes:
        variant: The chosen variant; a type without it uses its ``default``.
        digest: Hash of everything that decides a prompt: texts, answer forms, option lists and vocabulary.
    """

    def __init__(self, variant: str, system: str, prompts: Mapping[str, _Prompt]) -> None:
        self.variant = variant
        self._system = system
        self._prompts = dict(prompts)
        self._systems: dict[str, str] = {}
        self.digest = _digest(system, self._prompts)

    @classmethod
    def load(cls, folder: Path | None = None, variant: str = DEFAULT) -> PromptLibrary:
        """Read the shipped library, or the user's with the shipped one for the files that it lacks.

        Args:
            folder: Folder of the user's YAML files, each named as the shipped file that it replaces.
            variant: ``default``, ``brief``, ``few-shot``, ``reasoning`` or one of the user's.

        Raises:
            InputError: Every misfit of every file, with lines and suggestions; an unknown variant or file name.
        """
        shipped = resource_folder("prompts")
        problems = [] if folder is None else _check_names(folder)
        system = _read(_find(_SYSTEM, folder, shipped), SystemFile, problems)
        files: dict[str, TypeFile] = {}
        for definition in question_types():
            path = _find(definition.name, folder, shipped)
            own_prompt = definition.prompt if not path.is_file() else None
            file = _read(path, TypeFile, problems) if own_prompt is None else TypeFile.model_validate(own_prompt)
            if file is not None:
                files[definition.name] = file
                problems.extend(_check_examples(path, definition, file))
        if problems or system is None:
            raise InputError(problems)
        variants = dict.fromkeys([*system.variants, *(name for file in files.values() for name in file.variants)])
        try:
            one_of(variant, variants, "variant")
        except ValueError as error:
            raise InputError([Problem(folder or shipped, str(error))]) from error
        return cls(
            variant,
            system.variants.get(variant, system.variants[DEFAULT]).text,
            {kind: _Prompt(file, file.variants.get(variant, file.variants[DEFAULT])) for kind, file in files.items()},
        )

    @property
    def takes_notes(self) -> bool:
        """Whether the variant has a system text, in which notes about a clip can stand."""
        return bool(self._system.strip())

    def system(self, dataset: str, notes: Sequence[str] = ()) -> str:
        """Return the system text of a clip; it depends on the data set and the clip, never on a question.

        Args:
            dataset: Short name of the data set.
            notes: Sentences about the clip, which stand at the end.
        """
        if dataset not in self._systems:
            classes = taxonomy(dataset)
            self._systems[dataset] = self._system.format(
                units=", ".join(UNIT_NAMES),
                fine=", ".join(classes.fine),
                coarse=", ".join(classes.coarse),
                merge=_merge(classes),
                prototypes=_prototypes(classes),
            ).strip()
        return "\n\n".join([self._systems[dataset], *notes])

    def request(self, question: Question) -> Request:
        """Return what follows the clip's prefix, and how the answer is taken."""
        prompt = self._prompts[question.type]
        classes = taxonomy(question.dataset)
        form = prompt.answer(question.dataset)
        options = _options(form, classes)
        definition = question_type(question.type)
        grammar = None if form.free else definition.grammar(question, form, classes)
        variant = prompt.variant
        text = variant.text.format(
            question=question.text,
            official=official_text(question),
            options=", ".join(options),
            units=", ".join(UNIT_NAMES),
            fine=", ".join(classes.fine),
            coarse=", ".join(classes.coarse),
            wording=definition.wording(question),
            examples=_render_examples(variant.examples, Choices(options) if options else grammar),
        ).strip()
        if variant.reasoning:
            return Request(text, max_new_tokens=variant.max_new_tokens)
        return Request(text, options, grammar, variant.max_new_tokens)


def _find(name: str, folder: Path | None, shipped: Path) -> Path:
    """Return the user's file when there is one, else the shipped one."""
    user_file = folder / f"{name}.yaml" if folder is not None else None
    return user_file if user_file is not None and user_file.is_file() else shipped / f"{name}.yaml"


def _check_names(folder: Path) -> list[Problem]:
    """Refuse folders and file names that would be passed over in silence."""
    if not folder.is_dir():
        return [Problem(folder, "is not a folder of prompt files")]
    problems = []
    names = [f"{name}.yaml" for name in (_SYSTEM, *(definition.name for definition in question_types()))]
    for path in sorted(folder.iterdir()):
        if path.suffix.lower() not in (".yaml", ".yml"):
            continue
        try:
            one_of(path.name, names, "prompt file")
        except ValueError as error:
            problems.append(Problem(path, str(error)))
    if not problems and not any((folder / name).is_file() for name in names):
        problems.append(Problem(folder, f"holds no prompt file; known names: {', '.join(names)}"))
    return problems


def _read(path: Path, schema: type[_File], problems: list[Problem]) -> _File | None:
    """Read one file; its misfits are added to ``problems``."""
    try:
        return read_yaml(path, schema)
    except InputError as error:
        problems.extend(error.problems)
        return None


def _check_examples(path: Path, definition: QuestionType, file: TypeFile) -> list[Problem]:
    """Refuse examples that no data set's answers admit: they would be left out of every prompt in silence."""
    everyone = taxonomy("unknown")
    forms = []
    for form in (file.answer, *file.answer_by_dataset.values()):
        options = _options(form, everyone)
        for plural in (False, True):
            question = Question("", "", "", definition.name, plural=plural)
            free = form.free or bool(options)
            grammar = None if free else definition.grammar(question, form, everyone)
            forms.append(Choices(options) if options else grammar)
    return [
        Problem(path, f"variants.{name}.examples: {example.answer!r} is not an answer to this type of question")
        for name, variant in file.variants.items()
        for example in variant.examples
        if not any(form is None or admits(form, example.answer) for form in forms)
    ]


def _options(form: AnswerForm, classes: Taxonomy) -> tuple[str, ...]:
    """Return the options of a closed question, empty for the others."""
    if form.options is None:
        return ()
    if not isinstance(form.options, str):
        return form.options
    source, _, name = form.options.partition(".")
    if source == "surface":
        return FIXED_OPTIONS[name]
    return classes.fine if name == "fine" else classes.coarse


def _render_examples(examples: tuple[Example, ...], form: AnswerGrammar | None) -> str:
    """Write the examples that the data set and the question admit, one a line."""
    fitting = (example for example in examples if form is None or admits(form, example.answer))
    return "\n".join(f"- {example.given} -> {example.answer}" for example in fitting)


def _merge(classes: Taxonomy) -> str:
    """Write which fine classes each coarse class holds."""
    lines = []
    for coarse in classes.coarse:
        members = [fine for fine in classes.fine if classes.coarse_of(fine) == coarse]
        lines.append(f"- {coarse}: {', '.join(members)}")
    return "\n".join(lines)


def _prototypes(classes: Taxonomy) -> str:
    """Write the typical action units of each fine class."""
    return "\n".join(
        f"- {fine}: {', '.join(unit_name(number) for number in prototype_units(fine))}" for fine in classes.fine
    )


def _digest(system: str, prompts: Mapping[str, _Prompt]) -> str:
    content = {
        "system": system,
        "prompts": {
            kind: {
                "answer": prompt.file.answer.model_dump(),
                "answer_by_dataset": {name: form.model_dump() for name, form in prompt.file.answer_by_dataset.items()},
                "variant": prompt.variant.model_dump(),
            }
            for kind, prompt in prompts.items()
        },
        "classes": {definition.name: definition.classes for definition in datasets()},
        "tables": {table.name: table.read_text(encoding="utf-8") for table in _TABLES},
    }
    canonical = json.dumps(content, sort_keys=True, ensure_ascii=False)
    return hashlib.blake2b(canonical.encode(), digest_size=16).hexdigest()
