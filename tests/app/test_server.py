from contextlib import suppress

import pytest

from mevqa.app.server import _listen
from mevqa.errors import MevqaError


def test_the_last_port_has_none_after_it():
    listener = None
    with suppress(MevqaError):  # Another program may listen on it already.
        listener = _listen("127.0.0.1", 65_535)
    with pytest.raises(MevqaError, match="port 65535"):
        _listen("127.0.0.1", 65_535)
    if listener is not None:
        listener.close()
