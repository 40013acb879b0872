"""What every test stands on: no network, seeded properties, proofs."""

import os
from pathlib import Path

from hypothesis import HealthCheck, settings

from tests.loopback import sitecustomize  # importing it guards this process; the Pythons that tests start find it on their path

os.environ["PYTHONPATH"] = os.pathsep.join([str(Path(sitecustomize.__file__).parent), *filter(None, [os.environ.get("PYTHONPATH")])])

pytest_plugins = ["pytester", "tests.proofs"]

settings.register_profile("seeded", derandomize=True, deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("proof", settings.get_profile("seeded"), derandomize=False, max_examples=1000)
settings.load_profile("proof" if os.environ.get("MEMOS_PROOF") == "1" else "seeded")
