"""Output of ``mevqa score --presets``, ``--keys`` and ``--cases``, from the tables that decide the scores."""

from __future__ import annotations

from collections.abc import Mapping


def print_reference(*, presets: bool, keys: bool, cases: bool) -> None:
    """Print presets, keys or cases of the scores.

    Args:
        presets: Every preset with its switches.
        keys: The keys of the JSON.
        cases: What is read as an answer.
    """
    for wanted, show in ((presets, _print_presets), (keys, _print_keys), (cases, _print_cases)):
        if wanted:
            show()


def _print_presets() -> None:
    """Print every preset with its switches, and the values that a switch can have."""
    from mevqa.scoring.answers.presets import answer_presets, switch_values
    from mevqa.scoring.events.presets import DEFAULT, event_presets

    print("answers to questions (default: megc2026-vqa, megc2026-lvqa for long video)")
    for name, preset in answer_presets().items():
        print(f"\n  {name}: {preset.about}")
        print(_wrapped(preset.as_protocol()))
    print("\n  switches, for --set NAME=VALUE:")
    for switch, values in switch_values().items():
        print(f"    {switch}: {', '.join(values)}")
    print(f"\ndetected events (default: {DEFAULT})")
    for name, chosen in event_presets().items():
        print(f"\n  {name}: {chosen.about}")
        print(_wrapped(chosen.as_protocol()))


def _print_keys() -> None:
    """Print the keys of the JSON."""
    from mevqa.scoring.catalogue import key_patterns

    for events, task in ((False, "answers to questions"), (True, "detected events")):
        for title, patterns in zip(("metrics and intervals", "counts"), key_patterns(events), strict=True):
            print(f"{task}: {title}")
            for pattern, meaning in patterns.items():
                print(f"  {pattern}\n      {meaning}")


def _print_cases() -> None:
    """Print what is read as an answer and what is not."""
    from mevqa.scoring.answers.grading import answer_cases

    for kind in answer_cases().values():
        print(kind.question)
        for case in kind.cases:
            reading = ", ".join(map(str, case.read)) if isinstance(case.read, tuple) else case.read
            print(f"  {case.text!r:60} {'(nothing usable: wrong)' if reading is None else reading}")


def _wrapped(switches: Mapping[str, object]) -> str:
    import textwrap

    text = ", ".join(f"{name}={value}" for name, value in switches.items())
    return textwrap.fill(text, 100, initial_indent="    ", subsequent_indent="    ", break_on_hyphens=False)
