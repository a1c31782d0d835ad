"""The ratios of the performance benchmark mean what they say."""

import os
from pathlib import Path

import pytest

from benchmarks.service import growth
from benchmarks.service.performance import row
from tools import document


def test_a_speed_is_how_many_times_faster_ours_is_by_the_median_pair():
    # Medians alone would say 30 / 10: the pairs say what the machine's noise hides.
    figures = row("measure", "guide", "ms", [(10, 20), (40, 80), (5, 30)], 3.0, speed=True)
    assert (figures.ours, figures.theirs, figures.ratio) == (10, 30, 2.0)
    assert not figures.met
    assert figures.cells[-2:] == ["2x", "≥ 3x, missed"]


def test_a_size_is_ours_over_theirs():
    figures = row("zip", "guide", "MiB", [(16, 58)], 0.6)
    assert figures.ratio == pytest.approx(16 / 58)
    assert figures.met
    assert figures.cells[-1] == "≤ 0.6x"


def test_what_has_no_target_misses_none():
    assert row("all of it", "guide", "ms", [(9, 1)], None, speed=True).met


def test_a_section_is_written_between_its_marks_and_nowhere_else(tmp_path):
    page = tmp_path / "page.md"
    page.write_text(
        "before\n<!-- a: written by make bench DOCS=1 -->\nold\n<!-- /a -->\nafter\n", "utf-8"
    )
    document.write("a", "new", page)
    assert page.read_text("utf-8").split("\n")[::2] == ["before", "new", "after"]
    with pytest.raises(ValueError, match="expected <!-- b"):
        document.write("b", "new", page)


def test_a_quota_is_gone_when_its_block_ends():
    try:
        with growth.cpu_quota(0.5) as cgroup:
            assert (cgroup / "cgroup.procs").exists()
    except PermissionError:
        pytest.skip("this machine lets nobody set a CPU quota")
    assert not cgroup.exists()


def test_a_quota_that_cannot_be_set_leaves_nothing_behind():
    with pytest.raises(PermissionError), growth.cpu_quota(0):
        pass
    assert not list(Path("/sys/fs/cgroup").glob(f"**/hypermob-bench-{os.getpid()}"))
