"""The README and the documents name only commands, options, files and places that there are."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from blocks import RUN, read_blocks

import mevqa
from mevqa.benchmarks.spotting_cost import LongRun
from mevqa.cli import COMMANDS, build_parser, main

ROOT = Path(__file__).resolve().parents[2]
PATHS = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
PAGES = {path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8") for path in PATHS}
PARSER = build_parser()
TEXT = "\n".join(PAGES.values())
#: The commands of mevqa on each page, in order; also those behind `torchrun -m` and the like.
LINES = [
    (name, words[words.index("mevqa") + 1 :])
    for name, text in PAGES.items()
    for block in read_blocks(text)
    if block.language in ("console", "bash")
    for command in block.commands
    if "mevqa" in (words := command.words)
]


def parsed(words):
    """Parsed arguments of a command line in which shell variables are 1, as ``$SLURM_ARRAY_TASK_ID``."""
    return vars(PARSER.parse_args([re.sub(r"\$\{?\w+\}?", "1", word) for word in words]))


@pytest.mark.parametrize(("page", "words"), LINES, ids=[f"{page}-{' '.join(words)[:60]}" for page, words in LINES])
def test_every_command_line_parses(page, words):
    assert parsed(words)["command"] in words


@pytest.mark.parametrize("page", sorted({page for page, _ in LINES}))
def test_options_have_their_names_of_today(page, capsys):
    for _, words in (entry for entry in LINES if entry[0] == page):
        parsed(words)
    assert capsys.readouterr().err == ""


def test_code_stands_in_fences_and_every_command_is_in_one():
    for name, text in PAGES.items():
        outside = re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)
        stray = re.findall(r"^    (?:\$ )?mevqa .*$", outside, re.MULTILINE)
        assert stray == [], name
        for block in read_blocks(text):
            assert block.language in (*RUN, "text", "yaml", "json"), f"{name}:{block.line}: {block.language}"


def test_what_is_not_run_says_why():
    reasons = [block.not_run for text in PAGES.values() for block in read_blocks(text) if block.not_run]
    assert reasons and all(len(reason) > 8 for reason in reasons)
    marks = sum(text.count("<!-- not run: ") for text in PAGES.values())
    assert marks == len(reasons), "a mark stands on the line above its block"


#: Files of the challenge and of the data sets, and those that stand for a reader's own; the pages say so.
OF_OTHERS = re.compile(
    r"me_l?vqa_.*|SAMM.*|CASME2.*|maps|talk\.mp4|llava\.jsonl?|(damaged|theirs)_pred\.jsonl|reference\.jsonl|your-.*"
    r"|clips|s3:|mine\.yaml"
)
#: Options that name what a command writes.
WRITTEN = ("out", "out_word", "csv", "json", "plot", "fix", "features", "export", "output")


def named_paths(words):
    """The paths that a command reads, and those that it writes."""
    args = parsed(words)
    overrides = dict(word.split("=", 1) for word in args.get("overrides", ()))
    written = {str(args[name]) for name in WRITTEN if isinstance(args.get(name), str | Path)}
    written |= {overrides["output"]} if "output" in overrides else set()
    values = [value for value in args.values() for value in (value if isinstance(value, list) else [value])]
    values += [word.partition("=")[2] for word in args.get("precomputed") or ()]
    read = {str(value) for value in values if isinstance(value, Path)} - written
    return read | {overrides[key] for key in ("questions", "media", "annotations") if key in overrides}, written


@pytest.mark.parametrize("page", PAGES)
def test_every_file_that_a_command_reads_is_there_or_made_further_up_or_said_to_be_anothers(page):
    available = {"demo-output"}
    unknown = []
    for words in (words for name, words in LINES if name == page):
        read, written = named_paths(words)
        for path in sorted(read):
            above = {path, *map(str, Path(path).parents)}
            if not (above & available or (ROOT / path).exists() or OF_OTHERS.fullmatch(Path(path).parts[0])):
                unknown.append(f"{path} in: mevqa {' '.join(words)}")
        available |= written
    assert unknown == []


def test_the_index_says_which_files_are_anothers():
    for name in ("talk.mp4", "llava.json", "damaged_pred.jsonl", "theirs_pred.jsonl", "maps", "me_lvqa_*", "your-"):
        assert f"`{name}`" in PAGES["docs/index.md"]
    for name in ("talk.mp4", "maps", "me_lvqa_*"):
        assert f"`{name}`" in PAGES["README.md"]


def test_every_command_has_its_section_and_stands_in_the_index():
    sections = re.findall(r"^#{1,2} mevqa (\w+)", TEXT, re.MULTILINE)
    assert [name for name in COMMANDS if name != "demo" and name not in sections] == []
    assert [name for name in COMMANDS if name != "demo" and f"| [`{name}`](" not in PAGES["docs/index.md"]] == []


@pytest.mark.parametrize("page", PAGES)
def test_every_link_and_picture_exists(page):
    for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", re.sub(r"```.*?```", "", PAGES[page], flags=re.DOTALL)):
        if "://" not in target:
            assert ((ROOT / page).parent / target).exists(), target


def test_every_way_is_three_clicks_from_the_readme():
    """A newcomer with a video, with a question file, with a GPU and with a new idea each find theirs."""
    begin = PAGES["README.md"].split("## Where to begin")[1].split("\n## ")[0]
    for page in ("start/own-video", "start/first-submission", "start/own-data", "training/finetune", "extend/model"):
        assert f"(docs/{page}.md)" in begin
    assert len(PAGES["README.md"].splitlines()) <= 150


def test_every_page_stands_in_the_navigation():
    navigation = yaml.safe_load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"))["nav"]
    listed = set(re.findall(r"[\w/-]+\.md", str(navigation)))
    pages = {path.relative_to(ROOT / "docs").as_posix() for path in PATHS[1:]}
    assert pages - listed == set()


def test_every_public_name_stands_once_on_the_pages_of_the_api():
    listed = re.findall(r"^::: mevqa\.(\w+)$", TEXT, re.MULTILINE)
    assert sorted(listed) == sorted(set(mevqa.__all__) - {"__version__"})


def test_the_memory_of_the_spotter_is_printed_as_the_page_shows_it(capsys, monkeypatch, tmp_path):
    example = re.search(r"^\$ mevqa bench spot --minutes 10\n(.*\n) +(.*)\n +(.*)\n", TEXT, re.MULTILINE)
    numbers = [[float(number) for number in re.findall(r"[\d.]+", row)] for row in example.groups()[1:]]
    assert [row[0] for row in numbers] == [5, 10] and all(len(row) == 7 for row in numbers)

    def measured(video, minutes, folder):
        _, memory, clock, processor, _, _, events = next(row for row in numbers if row[0] == minutes)
        return LongRun(minutes, int(events), clock, processor, memory)

    monkeypatch.setattr("mevqa.benchmarks.spotting_cost.measure_long", measured)
    assert main(["bench", "spot", "--minutes", "10", "--video", str(tmp_path / "any.mp4")]) == 0
    printed = capsys.readouterr().out.splitlines()
    assert printed[0] == example[1].rstrip("\n")
    assert abs(numbers[0][1] - numbers[1][1]) <= 0.1 * numbers[0][1]  # "Memory does not grow with the length"


def test_the_block_of_detected_events_has_the_columns_that_are_printed(tmp_path, capsys):
    """Two subjects, so that intervals are printed as for the videos of the page."""
    rows = ["clip,subject,fps,onset,apex,offset,kind"]
    rows += [f"s{subject:02}_1,s{subject:02},30,{at},{at + 4},{at + 8},micro" for subject in (1, 2) for at in (10, 90)]
    (tmp_path / "coded.csv").write_text("\n".join(rows) + "\n")
    detections = ["video,onset,apex,offset,kind", *(f"s{subject:02}_1,10,14,18,micro" for subject in (1, 2))]
    (tmp_path / "events.csv").write_text("\n".join(detections) + "\n")
    assert main(["score", str(tmp_path / "events.csv"), str(tmp_path / "coded.csv")]) == 0
    printed = capsys.readouterr().out.splitlines()
    blocks = read_blocks(PAGES["docs/spotting/spot.md"])
    commands = [command for block in blocks for command in block.commands]
    example = next(
        shown_command.shown
        for shown_command in commands
        if shown_command.line == "mevqa score events.csv long/annotations.csv"
    )
    heading = next(line for line in printed if line.startswith("kind "))
    assert [line.split() for line in example if line.startswith("kind ")] == [heading.split()]
    overall = [next(line for line in lines if line.startswith("overall")) for lines in (example, printed)]
    assert overall[0].count("[") == overall[1].count("[") > 0
    assert next(line for line in printed if line.startswith("spotting (preset")) in example
