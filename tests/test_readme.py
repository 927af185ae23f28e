"""The README promises only what the command line knows."""

import re
import shlex
from pathlib import Path

import pytest

from mevqa.benchmarks.spotting_cost import LongRun
from mevqa.cli import COMMANDS, build_parser, main
from mevqa.synthetic import synthesise

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "README.md").read_text(encoding="utf-8")
#: Printed messages begin with "mevqa COMMAND:", tables with several spaces.
LINES = re.findall(r"^    (?:\$ )?mevqa (\w+ (?!:).+)$", TEXT.replace("\\\n", " "), re.MULTILINE)


@pytest.mark.parametrize("line", LINES)
def test_every_command_line_parses(line):
    words = shlex.split(line, comments=True)
    assert build_parser().parse_args(words).command == words[0]


#: Files of the challenge and of the data sets, and those that stand for a reader's own; the README says so.
OF_OTHERS = re.compile(
    r"me_l?vqa_.*|SAMM.*|CASME2.*|maps|talk\.mp4|llava\.jsonl?|(damaged|theirs)_pred\.jsonl|reference\.jsonl|your-.*"
)
#: Options that name what a command writes.
WRITTEN = ("out", "out_word", "csv", "json", "plot", "fix", "features", "export")


def named_paths(line):
    """The paths that a command reads, and those that it writes."""
    args = vars(build_parser().parse_args(shlex.split(line, comments=True)))
    overrides = dict(word.split("=", 1) for word in args.get("overrides", ()))
    written = {str(args[name]) for name in WRITTEN if isinstance(args.get(name), str | Path)}
    written |= {overrides["output"]} if "output" in overrides else set()
    values = [value for value in args.values() for value in (value if isinstance(value, list) else [value])]
    values += [word.partition("=")[2] for word in args.get("precomputed") or ()]
    read = {str(value) for value in values if isinstance(value, Path)} - written
    return read | {overrides[key] for key in ("questions", "media", "annotations") if key in overrides}, written


def test_every_file_that_a_command_reads_is_there_or_made_further_up_or_said_to_be_anothers():
    made = {"demo-output"}
    unknown = []
    for line in LINES:
        read, written = named_paths(line)
        for path in sorted(read):
            above = {path, *map(str, Path(path).parents)}
            if not (above & made or (ROOT / path).exists() or OF_OTHERS.fullmatch(Path(path).parts[0])):
                unknown.append(f"{path} in: mevqa {line}")
        made |= written
    assert unknown == []
    for name in ("talk.mp4", "llava.json", "damaged_pred.jsonl", "theirs_pred.jsonl", "maps", "me_lvqa_*"):
        assert f"`{name}`" in TEXT


def test_the_memory_of_the_spotter_is_printed_as_the_readme_shows_it(capsys, monkeypatch, tmp_path):
    shown = re.search(r"^    \$ mevqa bench spot --minutes 10\n(    .*\n)    +(.*)\n    +(.*)\n", TEXT, re.MULTILINE)
    numbers = [[float(number) for number in re.findall(r"[\d.]+", row)] for row in shown.groups()[1:]]
    assert [row[0] for row in numbers] == [5, 10] and all(len(row) == 7 for row in numbers)

    def measured(video, minutes, folder):
        _, memory, clock, processor, _, _, events = next(row for row in numbers if row[0] == minutes)
        return LongRun(minutes, int(events), clock, processor, memory)

    monkeypatch.setattr("mevqa.benchmarks.spotting_cost.measure_long", measured)
    assert main(["bench", "spot", "--minutes", "10", "--video", str(tmp_path / "any.mp4")]) == 0
    printed = capsys.readouterr().out.splitlines()
    assert printed[0] == shown[1].rstrip("\n")[4:]
    assert abs(numbers[0][1] - numbers[1][1]) <= 0.1 * numbers[0][1]  # "Memory does not grow with the length"


def test_the_block_of_detected_events_has_the_columns_that_are_printed(tmp_path, capsys):
    """Two subjects, so that intervals are printed as for the videos of the README."""
    rows = ["clip,subject,fps,onset,apex,offset,kind"]
    rows += [f"s{subject:02}_1,s{subject:02},30,{at},{at + 4},{at + 8},micro" for subject in (1, 2) for at in (10, 90)]
    (tmp_path / "coded.csv").write_text("\n".join(rows) + "\n")
    found = ["video,onset,apex,offset,kind", *(f"s{subject:02}_1,10,14,18,micro" for subject in (1, 2))]
    (tmp_path / "events.csv").write_text("\n".join(found) + "\n")
    assert main(["score", str(tmp_path / "events.csv"), str(tmp_path / "coded.csv")]) == 0
    printed = capsys.readouterr().out.splitlines()
    block = (
        TEXT.split("    $ mevqa score events.csv long/annotations.csv\n")[1].split("\n\nFrames count")[0].splitlines()
    )
    shown = [line.strip() for line in block]
    heading = next(line for line in printed if line.startswith("kind "))
    assert [line.split() for line in shown if line.startswith("kind ")] == [heading.split()]
    overall = [next(line for line in lines if line.startswith("overall")) for lines in (shown, printed)]
    assert overall[0].count("[") == overall[1].count("[") > 0
    assert next(line for line in printed if line.startswith("spotting (preset")) in shown


def test_every_command_has_its_section():
    missing = [name for name in COMMANDS if name != "demo" and f"## mevqa {name}" not in TEXT]
    assert missing == []


def test_every_link_and_picture_exists():
    for target in re.findall(r"\]\(([^)#]+)\)", TEXT):
        assert (ROOT / target).exists(), target


def test_the_main_job_from_python_runs_as_it_is_shown(tmp_path, monkeypatch, capsys):
    [block] = re.findall(r"^```python\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL)
    assert len([line for line in block.splitlines() if line]) <= 10
    synthesise(tmp_path / "demo-output" / "data", clips=2, seed=5)
    monkeypatch.chdir(tmp_path)
    exec(compile(block, "README.md", "exec"), {})
    assert "coarse" in capsys.readouterr().out
    made = ("runs/demo/answers.jsonl", "report/index.html", "submission/submission.zip")
    assert all((tmp_path / name).is_file() for name in made)
