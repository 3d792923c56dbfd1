"""Runs OpenVINO's benchmark_app unmodified and prints its figures before it rounds them.

Its report gives the mean latency with two decimals of a millisecond, which is nothing on a model of 20 microseconds. This keeps what
``Benchmark.main_loop`` returns: (fps, median, mean, min and max latency in ms, seconds, iterations).
"""

import json
import sys

from openvino.tools.benchmark import main as app
from openvino.tools.benchmark.benchmark import Benchmark

measure = Benchmark.main_loop


def keep(self, requests, *others):
    """Measure as ever, and print what came of it as the last line."""
    figures = measure(self, requests, *others)
    result = {"fps": figures[0], "latency_ms": figures[2], "iterations": figures[6], "infer_requests": len(requests)}
    print("figures " + json.dumps(result), file=sys.stderr)
    return figures


Benchmark.main_loop = keep
app.main()
