import json
import subprocess
import sys

import pytest

import mevqa
from mevqa.cli import COMMANDS, build_parser, main


def test_help_and_version_load_no_heavy_library():
    code = (
        "import sys; from mevqa.cli import build_parser; build_parser(); import mevqa; "
        "heavy = ('torch', 'transformers', 'cv2', 'sklearn', 'numpy', 'pydantic'); "
        "print([name for name in heavy if name in sys.modules])"
    )
    process = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert process.stdout.strip() == "[]"


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(command, capsys):
    with pytest.raises(SystemExit) as caught:
        main([command, "--help"])
    assert caught.value.code == 0
    assert f"mevqa {command}" in capsys.readouterr().out


def test_every_public_name_can_be_imported():
    for name in mevqa.__all__:
        assert getattr(mevqa, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        mevqa.nothing  # noqa: B018


def test_a_users_mistake_is_one_line_and_exit_code_2(tmp_path, capsys):
    code = main(["ask", str(tmp_path / "none.mp4"), "What is the action unit?"])
    printed = capsys.readouterr()
    assert code == 2 and printed.out == ""
    assert printed.err == f"mevqa ask: {tmp_path / 'none.mp4'}: there is no such file or folder\n"


def test_env_names_versions_devices_and_models(capsys):
    assert main(["env", "--json", "-"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["packages"]["mevqa"] == mevqa.__version__
    assert any(device.startswith("cpu") for device in facts["devices"]) and "nano" in facts["models"]


def test_parser_knows_every_command():
    assert build_parser().parse_args(["env"]).command == "env"


def test_overrides_may_stand_behind_options_and_strangers_may_not(capsys):
    assert main(["finetune", "nano", "--print", "output=there", "seed=3"]) == 0
    printed = capsys.readouterr().out
    assert "seed: 3\n" in printed and "output: there\n" in printed
    for words in (
        ["finetune", "nano", "--prnt"],
        ["finetune", "nano", "--print", "there"],
        ["env", "--json", "-", "a=b"],
    ):
        with pytest.raises(SystemExit) as caught:
            main(words)
        assert caught.value.code == 2
