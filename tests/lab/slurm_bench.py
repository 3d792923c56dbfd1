"""A small Slurm cluster on this host: munge, a controller, and a daemon for each node, all in one folder and ended with the tests."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.lab.bench import DIES_WITH_US
from tests.support import wait_until

START_S, COMMAND_S, END_S = 30.0, 20.0, 5.0
NEEDED = ("munged", "slurmctld", "slurmd", "sbatch", "scontrol", "squeue", "scancel")
_PATH = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/sbin"])
CONF = """\
ClusterName=bench
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={port}
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
CredType=cred/munge
SlurmUser=root
SlurmdUser=root
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool-%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/%n.pid
ProctrackType=proctrack/pgid
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
JobCompType=jobcomp/none
MpiDefault=none
SelectType=select/linear
MailProg=/bin/true
ReturnToService=2
MinJobAge=600
KillWait=3
SlurmdTimeout=20
"""


@dataclass
class Cluster:
    """The cluster while it runs; ``environment`` is what Slurm's commands need to find it."""

    folder: Path
    daemons: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        """For whoever submits."""
        return {**os.environ, "PATH": _PATH, "SLURM_CONF": str(self.folder / "slurm.conf")}

    def run(self, *command: str) -> str:
        """What one of Slurm's commands prints."""
        done = subprocess.run(
            command, env=self.environment, capture_output=True, text=True, timeout=COMMAND_S, check=True
        )
        return done.stdout

    def states(self) -> dict[str, str]:
        """The state of each node."""
        told = (line.split() for line in self.run("sinfo", "-h", "-N", "-o", "%N %t").splitlines())
        return dict(told)

    def start(self, name: str, *command: str) -> None:
        """A daemon in the foreground, in a session of its own."""
        with (self.folder / f"{name}.log").open("ab") as log:
            self.daemons[name] = subprocess.Popen(
                [*DIES_WITH_US, *command],
                env=self.environment,
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )


def why_not() -> str | None:
    """Why there can be no cluster here; ``None`` where there can."""
    if os.geteuid() != 0:
        return "Slurm's daemons need root"
    missing = [each for each in NEEDED if shutil.which(each, path=_PATH) is None]
    return f"Slurm is not installed ({', '.join(missing)}; Debian: slurm-wlm)" if missing else None


@contextlib.contextmanager
def cluster(folder: Path, nodes: Sequence[str]) -> Iterator[Cluster]:
    """A cluster with these nodes, which are idle; skips the test where it cannot start, with the reason."""
    if reason := why_not():
        pytest.skip(reason)
    folder.mkdir(parents=True)
    folder.chmod(0o755)  # munge insists on it
    key = folder / "munge.key"
    key.write_bytes(os.urandom(1024))
    key.chmod(0o400)
    host = socket.gethostname().partition(".")[0]
    ports = _free_ports(1 + len(nodes))
    lines = [
        f"NodeName={name} NodeHostname={host} NodeAddr=127.0.0.1 Port={port} CPUs=1 State=UNKNOWN"
        for name, port in zip(nodes, ports[1:], strict=True)
    ]
    lines.append(f"PartitionName=lab Nodes={','.join(nodes)} Default=YES MaxTime=1440 State=UP OverSubscribe=EXCLUSIVE")
    (folder / "slurm.conf").write_text(CONF.format(host=host, port=ports[0], folder=folder) + "\n".join(lines) + "\n")
    (folder / "state").mkdir()
    found = Cluster(folder)
    try:
        found.start("munged", "munged", "--foreground", "--force", *_munge(folder, key))
        _wait(found, (folder / "munge.socket").exists, "munge has no socket")
        found.start("slurmctld", "slurmctld", "-D", "-c", "-f", str(folder / "slurm.conf"))
        for name in nodes:
            (folder / f"spool-{name}").mkdir()
            found.start(name, "slurmd", "-D", "-N", name, "-f", str(folder / "slurm.conf"))
        _wait(found, lambda: set(found.states().values()) == {"idle"}, "its nodes do not become idle")
        yield found
    finally:
        _end(found)


def _munge(folder: Path, key: Path) -> list[str]:
    return [
        f"--key-file={key}",
        *(
            f"--{name}={folder}/munge.{name.partition('-')[0]}"
            for name in ("socket", "pid-file", "log-file", "seed-file")
        ),
    ]


def _free_ports(count: int) -> list[int]:
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]


def _wait(found: Cluster, is_so, why: str) -> None:  # type: ignore[no-untyped-def]
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline:
        with contextlib.suppress(subprocess.SubprocessError, OSError):
            if is_so():
                return
        time.sleep(0.1)
    told = "; ".join(
        f"{path.name}: {path.read_text(errors='replace').strip().splitlines()[-1:]}"
        for path in sorted(found.folder.glob("*.log"))
    )
    pytest.skip(f"a Slurm cluster cannot start here: {why} after {START_S:g} s ({told[:600]})")


def _end(found: Cluster) -> None:
    with contextlib.suppress(subprocess.SubprocessError, OSError):
        found.run("scancel", "--user=root")
        wait_until(lambda: not found.run("squeue", "--noheader").strip(), END_S)
    for daemon in reversed(found.daemons.values()):
        daemon.terminate()
    for daemon in found.daemons.values():
        try:
            daemon.wait(END_S)
        except subprocess.TimeoutExpired:
            daemon.kill()
            daemon.wait()
    for each in left(found.folder):
        with contextlib.suppress(ProcessLookupError):
            os.kill(each, signal.SIGKILL)


def left(folder: Path) -> list[int]:
    """The processes of jobs of the cluster in that folder, and those that watch over them: also what made a session of its own."""
    found = []
    for each in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            around = (each / "environ").read_bytes()
            is_of_a_job = b"SLURM_JOB_ID=" in around or (each / "comm").read_text().startswith("slurmstepd")
            if is_of_a_job and f"SLURM_CONF={folder}/".encode() in around:
                found.append(int(each.name))
    return found
