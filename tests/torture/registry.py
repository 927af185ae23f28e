"""All campaigns: every module of ``campaigns/`` lists its own."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Sequence

from tests.torture import campaigns
from tests.torture.attempts import Campaign


def all_campaigns() -> list[Campaign]:
    """Return the campaigns of every module, in order of the modules' names."""
    names = sorted(module.name for module in pkgutil.iter_modules(campaigns.__path__))
    return [
        campaign for name in names for campaign in importlib.import_module(f"{campaigns.__name__}.{name}").CAMPAIGNS
    ]


def chosen(names: Sequence[str]) -> list[Campaign]:
    """Return the campaigns of the given names; ``kills`` is all that begin with ``kills/``.

    Raises:
        ValueError: There is none of a name.
    """
    known = all_campaigns()
    for name in names:
        if not any(_is_of(campaign, name) for campaign in known):
            raise ValueError(f"no campaign {name}; there are: {', '.join(campaign.name for campaign in known)}")
    return [campaign for campaign in known if not names or any(_is_of(campaign, name) for name in names)]


def _is_of(campaign: Campaign, name: str) -> bool:
    return campaign.name == name or campaign.name.startswith(f"{name}/")
