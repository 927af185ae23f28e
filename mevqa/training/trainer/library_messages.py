"""Advice of libraries that is not for users of mevqa.

Apart from ``console``, whose import brings the trainer and peft: measuring answers needs neither.
"""

from __future__ import annotations

import logging
import warnings

from transformers.utils import logging as transformers_logging


def quiet_libraries() -> None:
    """Silence advice of libraries that does not concern the user; errors stay."""
    transformers_logging.disable_progress_bar()
    transformers_logging.set_verbosity_error()
    for name in ("accelerate", "bitsandbytes"):
        logging.getLogger(name).setLevel(logging.ERROR)
    # Names of earlier releases, which the oldest release that is supported still has.
    warnings.filterwarnings("ignore", category=FutureWarning)
    warnings.filterwarnings("ignore", message=".*lr_scheduler.step.*")
    warnings.filterwarnings("ignore", message=".*tie_word_embeddings.*")
