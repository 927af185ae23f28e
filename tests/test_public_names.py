from __future__ import annotations

import pytest

from mevqa.public_names import import_on_use


def test_a_name_is_imported_from_its_module_and_no_other_is_there():
    attribute = import_on_use("json", {"JSONDecoder": "decoder"})
    import json.decoder

    assert attribute("JSONDecoder") is json.decoder.JSONDecoder
    with pytest.raises(AttributeError, match="module 'json' has no attribute 'loads'"):
        attribute("loads")
