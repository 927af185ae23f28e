"""Processes of this machine: the same results as in this one, and a process that ends costs its item only."""

from __future__ import annotations

import multiprocessing
import os
import signal
import time

import numpy as np
import pytest

from mevqa.engines import ENGINE_NAMES, Lost, find_engine
from mevqa.errors import InputError


def squared(number):
    return number * number


@pytest.mark.parametrize("workers", [1, 2, 5])
def test_every_item_has_its_result(workers):
    assert sorted(find_engine("local", workers).map(squared, range(7))) == [(n, n * n) for n in range(7)]


def test_a_process_that_ends_costs_its_item_only():
    def work(number):
        if number == 1:
            os.kill(os.getpid(), signal.SIGKILL)
        return number

    results = dict(find_engine("local", 2).map(work, range(3)))
    assert isinstance(results.pop(1), Lost) and results == {0: 0, 2: 2}


def test_a_result_that_is_larger_than_a_pipe_arrives():
    results = dict(find_engine("local", 2).map(lambda number: np.full(10**6, number), range(2)))
    assert [int(results[place].sum()) for place in range(2)] == [0, 10**6]


def test_closing_ends_what_is_under_way():
    results = find_engine("local", 2).map(lambda number: time.sleep(60 * (number > 0)) or number, range(4))
    assert next(results) == (0, 0)
    results.close()
    assert not multiprocessing.active_children()


def test_an_unknown_engine_is_refused():
    assert ENGINE_NAMES == ("local", "ray")
    with pytest.raises(InputError, match="there is no engine 'rey'; .*ray"):
        find_engine("rey", 1)
