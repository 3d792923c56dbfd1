"""Command-line options, and which fixture modules load. What the options mean is in ``autogauge.settings``."""

pytest_plugins = [
    "fixtures.session",
    "fixtures.alone",
    "fixtures.stops",
    "fixtures.machine",
    "fixtures.model",
    "fixtures.compiled",
    "fixtures.gate",
    "fixtures.studies",
    "fixtures.recording",
    "fixtures.reporting",
]


def pytest_addoption(parser):
    """The suite's own options."""
    group = parser.getgroup("autogauge", "AUTO's promises, measured (pytest -m perf)")
    add = group.addoption
    add(
        "--model",
        metavar="NAME|PATH",
        help="googlenet-v1 (default), small-cnn (default with --accelerator=emulated), one-convolution, efficientnet-lite0, any name of "
        "the Open Model Zoo, or an IR, ONNX, TFLite, TensorFlow or Paddle file",
    )
    add(
        "--model-source",
        default="auto",
        help="auto (default): the Open Model Zoo's googlenet-v1 if it is cached or its hosts answer within 3 s, else the embedded one; "
        "omz: the Zoo's or none; embedded: random weights, and no network but for the pinned workload, once (--pinned=off)",
    )
    add(
        "--fetch-deadline",
        default="900",
        metavar="SECONDS",
        help="how long fetching and converting a model may take (default 900)",
    )
    add(
        "--precision",
        metavar="NAME",
        help="precision of a model by name: FP16 (default), FP32 (default with --accelerator=emulated) or INT8",
    )
    add(
        "--shape",
        metavar="SHAPE",
        help="static shapes for a dynamic model: 1,3,224,224 or data[1,3,224,224],mask[1,128]",
    )
    add("--picture", metavar="PATH", help="feed this picture instead of the suite's own")
    add(
        "--inputs",
        metavar="FILE.npz",
        help="feed these arrays (numpy.savez, one for each input, by its name or index) instead of the suite's own; "
        "dynamic inputs take their shapes",
    )
    add(
        "--profile",
        default="standard",
        help="how much is measured: quick (under 30 s), standard (default, under 90 s), lab (the notebook's six intervals of 10 s a hint)",
    )
    add(
        "--devices",
        metavar="LIST",
        help="devices to measure beside AUTO, such as CPU,GPU.1 (default: the CPU and the first of each kind of accelerator)",
    )
    add(
        "--hints-on",
        metavar="LIST",
        help="devices to compare the hints on, such as AUTO,CPU (default: AUTO; with the standard profile each measured device too)",
    )
    add(
        "--accelerator",
        default="auto",
        help="auto (default): measure accelerators that are there; emulated: an emulated GPU; none: leave them out",
    )
    add(
        "--infer-requests",
        default="0",
        metavar="N",
        help="infer requests in flight; 0 (default): let the device say",
    )
    add(
        "--probe-deadline",
        metavar="SECONDS",
        help="how long one probe may take for a compile or an answer before it counts as hung (default 180; on the emulated GPU of a "
        "processor without AVX-512, which compiles more slowly, 900 or more)",
    )
    add(
        "--inconclusive",
        default="warn",
        help="what an INCONCLUSIVE verdict does to its test: warn (default, shown as skipped) or fail",
    )
    add(
        "--gate",
        default="warn",
        help="what a regression does: fail its own test, warn (default, shown at the end), or off: nothing is judged",
    )
    add(
        "--baseline",
        metavar="MACHINE|DIR",
        help="judge against this machine's history instead of one's own, or against that in this folder; it is only read "
        "(for pull requests, with a --machine=NAME of their own)",
    )
    add(
        "--no-baseline",
        default="warn",
        help="what a benchmark does that no accepted run can be judged against: warn (default), or fail its own test (with --gate=fail)",
    )
    add(
        "--creep",
        default="warn",
        help="what a benchmark does that became slower in many steps, each too small to fail: warn (default), "
        "or fail its own test (with --gate=fail)",
    )
    add(
        "--reference",
        metavar="ENV|VERSION|PATH|DEVICE|PROPERTIES",
        help="judge beside this, in the same rounds: a virtual environment with another openvino, a release such as 2026.3.0, "
        "a model file, a device, or properties such as NUM_STREAMS=2",
    )
    add(
        "--smallest-change",
        default="5%",
        metavar="PERCENT",
        help="the smallest change that is to be found (default 5%%; half of it is no change yet; twice that against history)",
    )
    add(
        "--pair-budget",
        default="60",
        metavar="SECONDS",
        help="how long one benchmark may be compared with its reference, a second measurement included (default 60)",
    )
    add(
        "--pinned",
        default="on",
        help="on (default): measure a fixed workload beside everything, so that history is judged by ratios; off: by seconds only",
    )
    add(
        "--disturbed",
        default="pending",
        help="what becomes of a run that other processes disturbed heavily: pending (default, no later run is judged against it) or accept",
    )
    add(
        "--wait",
        default="1800",
        metavar="SECONDS|no",
        help="how long to wait while another session measures on this machine (default 1800); no: end at once, exit status 2",
    )
    add(
        "--cache",
        metavar="DIR",
        help="folder for built models (default: AUTOGAUGE_CACHE, or autogauge in the user's cache folder)",
    )
    add(
        "--reports",
        metavar="DIR",
        help="folder for history and the latest report (default: reports in the project's folder, wherever pytest is started)",
    )
    add("--machine", metavar="NAME", help="this machine's name in history (default: its host name)")
