"""What the fault tests share: the template that their sites are copied from."""

import pytest

import fault.daemon_faults  # noqa: F401 (its rows join the table of faults)
from fault.site import Template
from rig import UNDER_ASAN

# The checker is the same whatever the daemon was built with: that it catches the broken ones is shown once.
collect_ignore = ["test_broken_builds.py"] if UNDER_ASAN else []


@pytest.fixture(scope="session")
def template(scratch, certificates):
    return Template(scratch / "template", certificates)
