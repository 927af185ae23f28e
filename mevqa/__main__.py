"""``python -m mevqa`` and the ``mevqa`` command: an interrupt while Python imports, or ends, is one line too."""

import os
import sys
from _signal import SIGINT, default_int_handler, getsignal, signal  # The module in Python imports much before it can.


def _end(number: int, frame: object) -> None:
    """End at once; before the command begins and after it ended there is nothing to tidy."""
    os.write(2, b"mevqa: interrupted\n")
    os._exit(130)


def _set_threads() -> None:
    """Set the variables for threads that libraries read when they are loaded; the user's own settings hold.

    Matrices are small here: one thread of OpenBLAS is as fast as several, which are slow where something else runs, and
    round otherwise. Threads of OpenMP that wait sleep: by default they spin, and keep the processor from the threads
    that they wait for.
    """
    if not os.environ.get("OMP_NUM_THREADS"):
        os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    os.environ.setdefault("KMP_BLOCKTIME", "0")


def _quiet_bitsandbytes() -> None:
    """Keep the advice that bitsandbytes gives while it is imported, by whichever library, from the terminal."""
    import logging

    logging.getLogger("bitsandbytes").setLevel(logging.ERROR)


def main() -> int:
    """Run the command and return its exit code."""
    _set_threads()
    _quiet_bitsandbytes()
    is_ignored = getsignal(SIGINT) is not default_int_handler  # As in the background of a script.
    if not is_ignored:
        signal(SIGINT, _end)
    from mevqa.cli import main as command

    if is_ignored:
        return command()
    try:
        signal(SIGINT, default_int_handler)
        return command()
    except KeyboardInterrupt:
        _end(SIGINT, None)
        raise
    finally:
        signal(SIGINT, _end)


if __name__ == "__main__":
    sys.exit(main())
