"""Background jobs: they report progress and can be stopped in the middle."""

import threading

import pytest

from mevqa.app.sessions.jobs import Job, Progress, RateLimit, StoppedError


def test_a_job_tells_how_far_it_is_and_returns():
    reported, go_on = threading.Event(), threading.Event()

    def work(report):
        report("Reading", 3, 10)
        reported.set()
        assert go_on.wait(20)
        return 42

    job = Job(work).start()
    assert reported.wait(20)
    steps = job.follow()
    assert next(steps) == Progress("Reading", 3, 10)
    go_on.set()
    assert list(steps) == []
    assert job.result() == 42


def test_stopping_ends_work_that_reports_nothing():
    """A model writes its answer without telling how far it is; an endless loop must end where it is."""
    begun, ended = threading.Event(), threading.Event()

    def work(report):
        begun.set()
        try:
            while True:
                sum(range(100))
        except Exception:  # A handler of ordinary errors does not hold it up.
            raise AssertionError("was taken for an ordinary error") from None
        finally:
            ended.set()

    job = Job(work).start()
    assert begun.wait(20)
    job.stop()
    assert ended.wait(20)
    with pytest.raises(StoppedError):
        job.result(20)


def test_stopping_what_has_ended_does_nothing():
    job = Job(lambda report: 1).start()
    assert job.result(20) == 1
    job.stop()
    assert job.result() == 1
    assert not job.stopped


def test_errors_of_the_work_are_those_of_the_job():
    def work(report):
        raise ValueError("no face")

    with pytest.raises(ValueError, match="no face"):
        Job(work).start().result(20)


def test_rate_limit_counts_each_browser_by_itself():
    now = [100.0]
    limit = RateLimit(2, 60.0, clock=lambda: now[0])
    assert [limit.wait("a"), limit.wait("a")] == [0.0, 0.0]
    now[0] = 130.0
    assert limit.wait("a") == 30.0
    assert limit.wait("b") == 0.0
    now[0] = 160.5
    assert limit.wait("a") == 0.0
