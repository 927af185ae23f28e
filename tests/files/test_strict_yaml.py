import pytest

from mevqa.errors import InputError
from mevqa.files.strict_yaml import StrictModel, read_yaml


class Part(StrictModel):
    name: str
    weight: float = 1.0


class Table(StrictModel):
    title: str
    parts: tuple[Part, ...] = ()
    by_key: dict[str, Part] = {}


def read(tmp_path, text):
    path = tmp_path / "table.yaml"
    path.write_text(text, encoding="utf-8")
    return read_yaml(path, Table)


def refusal(tmp_path, text):
    with pytest.raises(InputError) as caught:
        read(tmp_path, text)
    return [(problem.line, problem.message) for problem in caught.value.problems]


def test_a_good_file_becomes_typed(tmp_path):
    table = read(tmp_path, "title: t\nparts:\n  - {name: a}\n  - {name: b, weight: 2}\n")
    assert [(part.name, part.weight) for part in table.parts] == [("a", 1.0), ("b", 2.0)]


def test_unknown_keys_get_a_line_and_a_suggestion(tmp_path):
    problems = refusal(
        tmp_path, "title: t\nparts:\n  - name: a\n    wieght: 2\nby_key:\n  x:\n    nmae: b\n    name: c\n"
    )
    assert (4, "unknown key 'parts.0.wieght'; did you mean 'weight'?") in problems
    assert (7, "unknown key 'by_key.x.nmae'; did you mean 'name'?") in problems


def test_all_problems_are_reported_together(tmp_path):
    problems = refusal(tmp_path, "parts:\n  - {name: a, weight: heavy}\n")
    assert {line for line, _ in problems} == {1, 2}
    assert any("title" in message for _, message in problems) and any("weight" in message for _, message in problems)


@pytest.mark.parametrize(
    "text, line, words",
    [
        ("title: t\ntitle: u\n", 2, "stands twice"),
        ("title: [1, 2\n", 2, "is not valid YAML"),
        ("title: !!python/object/apply:os.system [true]\n", 1, "is not valid YAML"),
    ],
)
def test_broken_files_are_refused(tmp_path, text, line, words):
    problems = refusal(tmp_path, text)
    assert problems[0][0] == line and words in problems[0][1]


def test_a_missing_file_is_the_users_mistake(tmp_path):
    with pytest.raises(InputError, match="cannot be read"):
        read_yaml(tmp_path / "none.yaml", Table)


LAUGHS = "a: &a [x, x]\n" + "".join(f"{chr(n + 1)}: &{chr(n + 1)} [{f'*{chr(n)} , ' * 4}]\n" for n in range(97, 109))


@pytest.mark.parametrize(
    "text, line, words",
    [
        (LAUGHS, None, "aliases expand to more than 1,000,000 values"),
        ("title: &a [*a]\n", 1, "nests too deeply"),
        ("&a {title: t, by_key: *a}\n", 1, "nests too deeply"),
        ("title: " + "[" * 70 + "]" * 70, 1, "nests too deeply"),
        ("title: " + "[" * 5000, 1, "is not valid YAML"),
        ("\ntitle: " + "9" * 5000, 2, "is not a valid int"),
        ("\ntitle: 0x" + "f" * 5000, 2, "is not a valid int"),
        ("\ntitle: " + "9" * 160, 2, "is not a valid int"),
        ('\ntitle: !!int ""', 2, "is not a valid int"),
        ("title: !!bool x", 1, "is not a valid bool"),
        ("title: !!timestamp x", 1, "is not a valid timestamp"),
        ("title: !!timestamp 2026-99-99", 1, "is not a valid timestamp"),
        ("title: t\nby_key: {x: {name: n, weight: .nan}}", 2, "finite number"),
        ("title: t\nparts: [{name: n, weight: .inf}]", 2, "finite number"),
        ("title: t\n? {a: b}\n: c", 2, "is not valid YAML"),
        ("<<: 3", 1, "is not valid YAML"),
        ("title: \x00", None, "is not valid YAML"),
        ("title: t" + " " * (1 << 20), None, "is larger than 1 MB"),
    ],
)
def test_hostile_files_are_refused_with_their_line(tmp_path, text, line, words):
    problems = refusal(tmp_path, text)
    assert words in problems[0][1] and "\n" not in problems[0][1]
    assert line is None or problems[0][0] == line


def test_aliases_that_stand_for_little_are_read(tmp_path):
    table = read(tmp_path, "title: t\nby_key: {x: &x {name: a}, y: *x, z: {<<: *x, weight: 2}}\n")
    assert table.by_key["y"] == Part(name="a") and table.by_key["z"] == Part(name="a", weight=2)


def test_dates_are_texts(tmp_path):
    assert read(tmp_path, "title: 2026-99-99\n").title == "2026-99-99"


def test_what_is_wrong_everywhere_is_said_a_hundred_times(tmp_path):
    assert len(refusal(tmp_path, "title: t\n" + "".join(f"k{i}: 1\n" for i in range(30_000)))) == 100
