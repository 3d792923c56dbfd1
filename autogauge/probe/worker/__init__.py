"""The probe: one process that measures one target. Stand-alone: standard library, numpy and openvino only.

Any interpreter with openvino 2023.3 or newer can run this folder (``python autogauge/probe/worker``), so that one study can
span releases. It reads one request (a line of JSON, see ``autogauge.probe.request``) from standard input and writes results as
lines of JSON to the descriptor named by its first argument; what libraries print goes elsewhere and is never taken for a
result. Keeping deadlines, parsing AUTO's log and judging are left to others. Nothing here imports a module of the project from
outside this folder.
"""
