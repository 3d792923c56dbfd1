"""What AUTO promises of its choice: a promise for each documented rule, and one for each group of rows that is known to differ."""

from __future__ import annotations

from autogauge.rig.cases import Promise

_SAME = "selection-same-from-path"
AS_ASKED = "emulated-gpus-are-as-asked"
PROMISES = (
    Promise(AS_ASKED, "the emulated GPUs tell of themselves what they were asked to be: the rule goes by that"),
    Promise("none-named-is-auto", "without a device name AUTO is taken, and chooses", ("selection-default-auto",)),
    Promise(
        "default-order",
        "AUTO alone takes a discrete GPU before an integrated one, and that before the CPU; all are candidates",
        ("selection-discrete-first", "selection-all-candidates"),
    ),
    Promise(
        "none-named-from-a-buffer",
        "without a device name a model from a buffer is compiled for AUTO too",
        ("selection-default-auto", _SAME),
        differs=("buffer-without-device",),
    ),
    Promise("empty-list-is-auto", "an empty list of names is the same as AUTO alone", ("selection-empty-list",)),
    Promise("list-is-the-order", "the names after AUTO: are the candidates, in their order", ("selection-list-order",)),
    Promise(
        "by-id",
        "GPUs that are named by their ids are the candidates, and no other is",
        ("selection-by-id", "selection-gpu-alias"),
    ),
    Promise(
        "gpu-is-the-first-one", "in a list GPU means GPU.0 first", ("selection-gpu-alias", "selection-gpu-expands")
    ),
    Promise(
        "gpu-alone-is-the-first-one",
        "AUTO:GPU means GPU.0, as in any other list",
        ("selection-gpu-alias",),
        differs=("gpu-alone-is-another",),
    ),
    Promise(
        "priorities-property",
        "priorities that are given as a property are the candidates, in their order",
        ("selection-priorities-property",),
    ),
    Promise(
        "priorities-beforehand", "priorities that AUTO was given beforehand hold", ("selection-priorities-global",)
    ),
    Promise("named-twice-is-once", "a device that is named twice is one candidate", ("selection-duplicates",)),
    Promise("commas-are-as-meant", "a comma too many loses no device silently", ("selection-list-format",)),
    Promise(
        "blank-is-told",
        "a blank in the list loses no device silently",
        ("selection-blank-told", "selection-list-format"),
        differs=("blank-in-list",),
    ),
    Promise(
        "unknown-name-is-told",
        "a name in the list that is no device here is an error",
        ("selection-unknown-name-told",),
        differs=("unknown-names",),
    ),
    Promise(
        "absent-number-is-passed-over",
        "a number of a device that is not there is passed over for the next name",
        ("fallback-build-next",),
    ),
    Promise(
        "absent-cpu-number-is-passed-over",
        "a number of the CPU that is not there, named first, is passed over for the next name",
        ("fallback-build-next",),
        differs=("absent-cpu-throws",),
    ),
    Promise(
        "absent-gpu-is-passed-over",
        "where there is no GPU, a list with one goes to the next name",
        ("fallback-build-next",),
        differs=("no-opencl-throws",),
    ),
    Promise(
        "absent-npu-is-passed-over",
        "where there is no NPU, a list with one goes to the next name",
        ("fallback-build-next",),
        differs=("absent-npu",),
    ),
    Promise(
        "nothing-left-is-an-error", "a list in which no device can be had is an error", ("selection-none-left-told",)
    ),
    Promise("virtual-device-is-an-error", "AUTO and MULTI in the list are an error", ("selection-no-meta-device",)),
    Promise(
        "hetero-is-an-error",
        "HETERO in the list is an error",
        ("selection-no-meta-device",),
        differs=("unknown-names",),
    ),
    Promise("excluded-is-out", "a minus before a name takes that device out", ("selection-exclude",)),
    Promise(
        "excludes-no-other",
        "an exclusion of what is not there takes nothing out",
        ("selection-exclude-only-named",),
    ),
    Promise(
        "excludes-no-longer-name",
        "an exclusion takes out no device whose name is only a part of what is excluded",
        ("selection-exclude-only-named",),
        differs=("exclusion-by-part",),
    ),
    Promise(
        "precision-filter",
        "a device that cannot compute in the model's precision is passed over",
        ("selection-precision-filter", "selection-fp16-model"),
    ),
    Promise(
        "precision-filter-from-path",
        "a model from its path goes to no device that cannot compute in its precision",
        ("selection-precision-filter", _SAME),
        differs=("precision-from-path",),
    ),
    Promise(
        "fp16-on-a-cpu-without-it",
        "a model in FP16 goes to the CPU where no device tells FP16",
        ("selection-fp16-model", "selection-precision-filter"),
        differs=("fp16-weights-no-device",),
    ),
    Promise("same-however-given", "the choice is the same for a model as object, path and buffer", (_SAME,)),
    Promise("other-vendor-is-left-out", "another vendor's GPU is no candidate by default", ("selection-other-vendor",)),
    Promise(
        "other-vendor-is-taken-by-name", "another vendor's GPU is taken where it is named", ("selection-other-vendor",)
    ),
    Promise("chosen-once", "AUTO chooses once: later inferences stay where they are", ("selection-once",)),
    Promise(
        "property-tells-who-answers",
        "EXECUTION_DEVICES names the device that AUTO's log says inferred",
        ("selection-execution-devices",),
    ),
    Promise(
        "cpu-helps-only-where-it-is-a-candidate",
        "the CPU does not help where it is excluded or not in the list",
        ("startup-cpu-unlisted",),
    ),
)
