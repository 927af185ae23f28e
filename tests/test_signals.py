import os
import signal
import subprocess
import sys

import pytest

from mevqa import cli
from mevqa.signals import Terminated, exit_on_sigterm, finished_first

#: Runs a command whose work sends this process the signal that the first word names.
SENDER = """
import os, signal, sys, time
from mevqa import cli
from mevqa.cli.tools import env
def work(args):
    os.kill(os.getpid(), getattr(signal, sys.argv[1]))
    time.sleep(60)
env.run = work
sys.exit(cli.main(["env"]))
"""


@pytest.mark.parametrize(("name", "code", "word"), [("SIGINT", 130, "interrupted"), ("SIGTERM", 143, "terminated")])
def test_a_signal_is_one_line_and_the_exit_code_of_shells(name, code, word):
    process = subprocess.run([sys.executable, "-c", SENDER, name], capture_output=True, text=True, timeout=60)
    assert process.returncode == code and process.stdout == ""
    assert process.stderr == f"mevqa env: {word}; run the same command again to continue\n"


def test_an_interrupt_while_the_commands_are_imported_is_one_line_too(monkeypatch, capsys):
    def interrupted(*args):
        raise KeyboardInterrupt

    monkeypatch.setattr(cli.importlib, "import_module", interrupted)
    assert cli.main(["env"]) == 130
    assert capsys.readouterr().err == "mevqa: interrupted; run the same command again to continue\n"


def test_a_handler_of_the_callers_own_is_left_alone():
    before = signal.getsignal(signal.SIGTERM)
    with exit_on_sigterm():
        assert signal.getsignal(signal.SIGTERM) is not before
        handler = signal.getsignal(signal.SIGTERM)
        with exit_on_sigterm():
            assert signal.getsignal(signal.SIGTERM) is handler
    assert signal.getsignal(signal.SIGTERM) is before
    with pytest.raises(Terminated), exit_on_sigterm():
        signal.raise_signal(signal.SIGTERM)
    assert signal.getsignal(signal.SIGTERM) is before


def test_work_that_is_finished_first_ends_before_termination():
    finished = []
    with pytest.raises(Terminated), exit_on_sigterm():
        with finished_first():
            signal.raise_signal(signal.SIGTERM)
            finished.append("clip")
        finished.append("next clip")
    assert finished == ["clip"]


def test_a_second_request_does_not_wait():
    with pytest.raises(Terminated), exit_on_sigterm(), finished_first():
        signal.raise_signal(signal.SIGTERM)
        signal.raise_signal(signal.SIGTERM)
        pytest.fail("went on")


#: Is interrupted when the first of these modules is imported, or as Python ends.
EARLY = """
import os, signal, sys
moment = sys.argv[1]
class Finder:
    def find_spec(self, name, path=None, target=None):
        if name == moment:
            os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, Finder())
if moment == "end":
    import atexit
    atexit.register(lambda: os.kill(os.getpid(), signal.SIGINT))
sys.argv[1:] = ["--version"]
from mevqa.__main__ import main
sys.exit(main())
"""


@pytest.mark.parametrize("moment", ["mevqa.cli", "mevqa.cli.parser", "argparse", "end"])
def test_an_interrupt_while_python_imports_or_ends_is_one_line(moment):
    process = subprocess.run([sys.executable, "-c", EARLY, moment], capture_output=True, text=True, timeout=60)
    assert (process.returncode, process.stderr) == (130, "mevqa: interrupted\n")


#: Forks from a thread, as pools do, while workers are to be quiet; the child says how it would be ended.
FORKING = """
import os, signal, threading, time
from mevqa.signals import quiet_workers
def say(*what):
    os.write(1, (" ".join(map(str, what)) + "\\n").encode())  # At once: the child may end in the middle of a print.
def fork():
    child = os.fork()
    if child == 0:
        say(signal.getsignal(signal.SIGTERM).name, signal.pthread_sigmask(signal.SIG_BLOCK, ()))
        time.sleep(60)
    time.sleep(float(os.environ["WAIT"]))
    os.kill(child, signal.SIGTERM)
    say(os.waitpid(child, 0)[1], signal.pthread_sigmask(signal.SIG_BLOCK, ()))
with quiet_workers():
    thread = threading.Thread(target=fork)
    thread.start()
    thread.join()
"""


def test_a_process_that_is_forked_from_a_thread_ends_when_it_is_told_to():
    for wait in ("0", "0.5"):
        process = subprocess.run(
            [sys.executable, "-c", FORKING],
            env={**os.environ, "WAIT": wait},
            capture_output=True,
            text=True,
            timeout=60,
        )
        *child, parent = process.stdout.splitlines()
        assert (parent, process.stderr) == (f"{int(signal.SIGTERM)} set()", "")
    assert child == ["SIG_DFL set()"]


def test_the_first_process_that_is_started_is_not_interrupted_either():
    """Python unblocks interrupts when it starts its tracker of resources, which the first process needs."""
    program = """
import multiprocessing, signal, time
from mevqa.signals import interrupts_blocked

def is_blocked():
    return signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, ())

if __name__ == "__main__":
    with interrupts_blocked():
        process = multiprocessing.get_context("spawn").Process(target=time.sleep, args=(0,))
        process.start()
        inside = is_blocked()
    process.join()
    print(inside, is_blocked())
"""
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120)
    assert (result.stdout, result.stderr) == ("True False\n", "")
