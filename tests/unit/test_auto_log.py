"""AUTO's log is read line by line; whatever else a probe prints is passed over."""

from autogauge.probe.log import AutoLog, parse
from tests.properties import for_all

ON_CPU = """\
[13:50:09.2931]I[plugin.cpp:479][AUTO] device:CPU, config:PERFORMANCE_HINT=THROUGHPUT
[13:50:09.2931]I[plugin.cpp:484][AUTO] device:CPU, priority:0
[13:50:09.2932]I[auto_schedule.cpp:163][AUTO] select device:CPU
[13:50:09.2941]I[auto_schedule.cpp:284][AUTO] Only one device or multiple devices of the same type will use passthrough compiled model
[13:50:09.4363]I[auto_schedule.cpp:341][AUTO] Device: [CPU]: Compile model took 142.200319 ms
[13:50:09.4369]I[auto_schedule.cpp:118][AUTO] device:CPU compiling model finished
"""

WITH_GPU = """\
somebody else prints
[10:00:00.0001]I[auto_schedule.cpp:163][AUTO] select device:GPU
[10:00:00.0002]I[auto_schedule.cpp:170][AUTO] will load CPU for accelerator
[10:00:00.1000]I[auto_schedule.cpp:341][AUTO] Device: [CPU]: Compile model took 36.5 ms
[10:00:00.1001]I[auto_schedule.cpp:118][AUTO] device:CPU compiling model finished
[10:00:09.8000]I[auto_schedule.cpp:341][AUTO] Device: [GPU]: Compile model took 9800 ms
[10:00:09.8001]I[auto_schedule.cpp:118][AUTO] device:GPU compiling model finished
[10:00:09.9000]I[auto_schedule.cpp:501][AUTO] release all work requests of CPU_HELP
[10:00:09.9001]I[auto_schedule.cpp:510][AUTO] helper released!!
[10:00:20.0000]I[schedule.cpp:300][AUTO] CPU_HELP:infer:812
[10:00:20.0001]I[schedule.cpp:301][AUTO] GPU: first inference time:9850.5 ms
[10:00:20.0002]I[schedule.cpp:302][AUTO] GPU:infer:40
"""

FAILED = """\
[10:00:00.0001]I[auto_schedule.cpp:163][AUTO] select device:NPU
[10:00:00.5000]W[auto_schedule.cpp:345][AUTO] Device: [NPU]: Compile model failure: no driver
[10:00:00.5001]I[auto_schedule.cpp:350][AUTO] Select fallback device:CPU
"""


def test_a_log_of_the_cpu_alone():
    log = parse(ON_CPU)
    assert log.selected == log.finished == ["CPU"]
    assert log.compile_ms == {"CPU": 142.200319}
    assert log.properties == {"CPU": {"PERFORMANCE_HINT": "THROUGHPUT"}}
    assert log.pass_through
    assert not log.cpu_helper_started
    assert log.lines == 6


def test_a_log_of_a_hand_over():
    log = parse(WITH_GPU)
    assert log.selected == ["GPU"]
    assert log.finished == ["CPU", "GPU"]
    assert log.compile_ms == {"CPU": 36.5, "GPU": 9800}
    assert log.cpu_helper_started
    assert log.cpu_helper_released
    assert log.inferences == {"CPU_HELP": 812, "GPU": 40}
    assert log.first_inference_ms == {"GPU": 9850.5}


def test_a_log_of_a_failed_compile():
    log = parse(FAILED)
    assert log.failures == {"NPU": "no driver"}
    assert log.fallbacks == ["CPU"]


@for_all(lambda st: (st.text(max_size=300),))
def test_any_text_is_read_without_an_error(text):
    assert isinstance(parse(text), AutoLog)


@for_all(lambda st: (st.lists(st.sampled_from([*ON_CPU.splitlines(), *WITH_GPU.splitlines(), "noise", ""])),))
def test_lines_between_others_change_nothing(lines):
    noisy = parse("\n\x00noise [AUTO] select device:XXX\n".join(lines))
    assert noisy == parse("\n".join(lines))


def test_a_log_says_when_by_the_time_of_day():
    log = parse(WITH_GPU)
    assert log.finished_of_day_s == {"CPU": 36000.1001, "GPU": 36009.8001}
    assert log.cpu_helper_released_of_day_s == 36009.9001


def test_a_failure_of_several_lines_is_kept_whole():
    several = FAILED.replace("no driver", "Exception from a.cpp:1:\nCheck failed\n\nno driver")
    assert parse(several).failures == {"NPU": "Exception from a.cpp:1: Check failed no driver"}
    assert parse(several).fallbacks == ["CPU"]
