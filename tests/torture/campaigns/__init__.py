"""One module a campaign; each lists what it tries in ``CAMPAIGNS``."""
