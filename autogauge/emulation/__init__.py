"""The emulated GPU: OpenVINO's real GPU plugin on Intel's OpenCL runtime for CPUs, with ``layer.c`` between the two.

It shows how AUTO behaves with an accelerator, on any x86-64 Linux machine: it compiles slowly, so the CPU helper, the
hand-over and the order of first inferences can be seen. It does not show a GPU's speed. ``parts`` finds and builds what a
probe needs; the probe switches it on.
"""
