"""``python -m mevqa`` is the ``mevqa`` command."""

import sys

from mevqa.cli import main

sys.exit(main())
