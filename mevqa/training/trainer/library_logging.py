"""What libraries say of themselves while they train, which is not for the user."""

from __future__ import annotations

import logging
import warnings


def quiet_libraries() -> None:
    """Silence advice of libraries that does not concern the user; errors stay."""
    from transformers.utils import logging as transformers_logging

    transformers_logging.disable_progress_bar()
    transformers_logging.set_verbosity_error()
    for name in ("accelerate", "bitsandbytes"):
        logging.getLogger(name).setLevel(logging.ERROR)
    # Names of earlier releases, which the oldest release that is supported still has.
    warnings.filterwarnings("ignore", category=FutureWarning)
    warnings.filterwarnings("ignore", message=".*lr_scheduler.step.*")
    warnings.filterwarnings("ignore", message=".*tie_word_embeddings.*")
