"""The runtimes of a run beside its own: how one is named, made ready and asked whether it works; and the pinned workload."""
