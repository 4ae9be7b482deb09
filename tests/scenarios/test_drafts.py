"""The table of drafts in twin/README.md is as `make drafts` measures it."""

import pytest

from tests.scenarios.drafts import FILES, HEAD, README, row


@pytest.mark.slow
@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_draft_is_as_far_from_its_file_as_the_readme_says(file):
    table = README.read_text(encoding="utf-8").partition(HEAD)[2]
    assert row(file).rpartition(" | ")[0] in table  # but for the seconds
