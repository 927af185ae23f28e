"""OpenCV without threads of its own, so that processes can be forked."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import cv2


@contextmanager
def without_opencv_threads() -> Iterator[None]:
    """Make OpenCV compute in the calling thread alone, here and in processes that are forked inside.

    A fork copies OpenCV's pool but not its threads: the first call that wants them waits for ever. As many processes
    as there are cores keep these busy without.
    """
    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)  # Ends the threads of the pool.
    try:
        yield
    finally:
        cv2.setNumThreads(threads)
