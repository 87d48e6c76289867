"""What the fault tests share: the template that their sites are copied from."""

import pytest

import fault.daemon_faults  # noqa: F401 (its rows join the table of faults)
from fault.site import Template


@pytest.fixture(scope="session")
def template(scratch, certificates):
    return Template(scratch / "template", certificates)
