"""The runtimes of a run beside its own: releases in environments of their own, what ``--reference`` names, and the pinned workload."""
