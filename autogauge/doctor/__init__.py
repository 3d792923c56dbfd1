"""What this machine has for measuring and what it lacks, whether it is fit to measure, each with the next step.

Showing it is left to ``report`` and the command line. Nothing here changes the machine, but for the cache that a trial of the emulated
GPU fills. How the machine is tuned is left to ``pyperf system tune``, which is named where it helps.
"""
