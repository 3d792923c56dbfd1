"""autogauge: measure and judge OpenVINO's AUTO device.

The library behind the pytest suite. It never imports pytest; what a test can ask for is in
``fixtures/``, what is promised about AUTO is in ``tests/``.
"""

__version__ = "0.1.0"
