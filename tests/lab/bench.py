"""The test bench of a lab: machines that are ssh servers on loopback, each with a port, a home, keys and (for root) a user of its own.

All are one computer, which measures one session at a time: so each machine has a measuring lock of its own. Whatever a test does to a
machine (kills it, stops it, takes its port away) is undone by :meth:`Machine.up`. What is asked of the machines is left to the tests.
"""

from __future__ import annotations

import contextlib
import getpass
import json
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import textwrap
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.support import wait_until

SSHD = shutil.which("sshd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
DIES_WITH_US = ["setpriv", "--pdeathsig", "KILL"] if shutil.which("setpriv") else []
MARK = "AUTOGAUGE_TEST_MACHINE"
"""In the environment of all that runs on a machine: how its processes are found, also those that nobody is the parent of."""
USERS = "aglab"
READY_S = 20.0


class NoBench(Exception):
    """Why there can be no such machines here, as a sentence."""


@dataclass
class Machine:
    """One ssh server; ``variables`` are its own in every inventory."""

    name: str
    port: int
    user: str
    home: Path
    folder: Path
    token: str
    lock: Path
    variables: dict[str, Any] = field(default_factory=dict)
    server: subprocess.Popen[bytes] | None = None
    sessions: set[int] = field(default_factory=set)
    """Servers of single sessions, which outlive the one that listens."""

    def up(self) -> None:
        """Let it answer again, whatever was done to it."""
        self.send(signal.SIGCONT)
        if self.server is not None and self.server.poll() is None:
            return
        assert SSHD
        with (self.folder / "log").open("ab") as log:
            self.server = subprocess.Popen(
                [*DIES_WITH_US, SSHD, "-D", "-e", "-f", str(self.folder / "sshd_config")],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        if (
            not wait_until(lambda: answers(self.port) or self.server.poll() is not None, READY_S)
            or self.server.poll() is not None
        ):
            said = (self.folder / "log").read_text(errors="replace").strip().splitlines()
            raise NoBench(f"sshd does not start on port {self.port}: {(said or ['it says nothing'])[-1]}")

    def close_port(self) -> None:
        """No longer listen; sessions go on."""
        if self.server is not None:
            self._servers()
            self.server.kill()
            self.server.wait()
            self.server = None

    def down(self) -> None:
        """As if the power were gone: nobody listens, and nothing of it runs any more."""
        self.close_port()
        self.send(signal.SIGCONT)
        self.send(signal.SIGKILL)

    def stop(self) -> None:
        """As if it hung: its port takes connections, and nothing on it runs on (SIGSTOP)."""
        if self.server is not None:
            self.server.send_signal(signal.SIGSTOP)
        self.send(signal.SIGSTOP)

    def processes(self) -> list[int]:
        """What runs on it beside its server: sessions, and all that they started."""
        found = [*self._servers()]
        for each in Path("/proc").iterdir():
            if each.name.isdigit():
                with contextlib.suppress(OSError):
                    environment = (each / "environ").read_bytes().split(b"\0")
                    if f"{MARK}={self.token}".encode() in environment and "Z" not in _state(each):
                        found.append(int(each.name))
        return found

    def _servers(self) -> set[int]:
        """The servers of its sessions, which write their names over their environment."""
        import psutil

        if self.server is not None:
            with contextlib.suppress(psutil.Error):
                below = psutil.Process(self.server.pid).children(recursive=True)
                self.sessions |= {each.pid for each in below if each.name().startswith("sshd")}
        own = f"sshd: {self.user}"
        for each in psutil.process_iter(["cmdline"]) if self.user != getpass.getuser() else ():
            if " ".join(each.info["cmdline"] or ()).startswith((f"{own} ", f"{own}@")):
                self.sessions.add(each.pid)
        self.sessions = {each for each in self.sessions if _is_sshd(each)}
        return self.sessions

    def runs(self, word: str) -> list[int]:
        """Those whose command line holds the word."""
        found = []
        for each in self.processes():
            with contextlib.suppress(OSError):
                if word.encode() in Path(f"/proc/{each}/cmdline").read_bytes().replace(b"\0", b" "):
                    found.append(each)
        return found

    def send(self, number: signal.Signals) -> None:
        """Send a signal to all that runs on it, and to its server when that is to go on or stop."""
        everybody = self.processes()
        if number is signal.SIGCONT and self.server is not None:
            everybody.append(self.server.pid)
        for each in everybody:
            with contextlib.suppress(ProcessLookupError):
                os.kill(each, number)


@dataclass
class Bench:
    """Some machines, and what is needed to reach them; ``python`` is an interpreter with the requirements that their users may run."""

    machines: list[Machine]
    folder: Path
    key: Path
    known_hosts: Path
    python: str

    @property
    def ssh_config(self) -> Path:
        """A file for ``ssh -F``, in which the machines have their names."""
        return self.folder / "ssh_config"

    def ssh(self, machine: Machine, command: str, timeout_s: float = 60) -> subprocess.CompletedProcess[str]:
        """Run a command on a machine."""
        words = ["ssh", "-F", str(self.ssh_config), machine.name, command]
        return subprocess.run(words, capture_output=True, text=True, timeout=timeout_s, check=False)

    def inventory(
        self,
        path: Path,
        machines: Sequence[Machine] | None = None,
        own: Mapping[str, Mapping[str, Any]] | None = None,
        **common: Any,
    ) -> Path:
        """An inventory of Ansible's in YAML, of all machines or of some; ``own`` has more variables of single ones. Returns the path."""
        hosts = {
            each.name: {
                "ansible_host": "127.0.0.1",
                "ansible_port": each.port,
                "ansible_user": each.user,
                "autogauge_lock": str(each.lock),
                **each.variables,
                **(own or {}).get(each.name, {}),
            }
            for each in (self.machines if machines is None else machines)
        }
        everybody = {
            "ansible_ssh_private_key_file": str(self.key),
            "ansible_ssh_common_args": f"-F none -o UserKnownHostsFile={self.known_hosts} -o StrictHostKeyChecking=yes",
            "ansible_python_interpreter": self.python,
            "autogauge_python": self.python,
            **common,
        }
        path.write_text(json.dumps({"all": {"hosts": hosts, "vars": everybody}}, indent=1))  # JSON is YAML
        return path


@contextlib.contextmanager
def loopback(number: int) -> Iterator[Bench]:
    """So many machines, gone with the body. Raises :class:`NoBench`."""
    if SSHD is None or shutil.which("ssh") is None:
        raise NoBench("there is no sshd here (apt-get install openssh-server)")
    with contextlib.ExitStack() as stack:
        # Not in pytest's own scratch folder: other users may not look into that.
        folder = Path(
            stack.enter_context(
                tempfile.TemporaryDirectory(prefix="autogauge-lab-", dir="/tmp", ignore_cleanup_errors=True)
            )
        )
        folder.chmod(0o755)
        names = [f"lab{place + 1}" for place in range(number)]
        users = stack.enter_context(_users(names, folder))
        python = _python_for(users[names[0]], folder)
        if python is None:
            users, python = dict.fromkeys(names, getpass.getuser()), sys.executable  # who may run it for certain
        key = _key(folder / "key", mode=0o600)
        bench = Bench([], folder, key, folder / "known_hosts", python)
        for name in names:
            machine = _machine(name, users[name], folder, key)
            bench.machines.append(machine)
            stack.callback(machine.down)
            machine.up()
        _write_for_ssh(bench)
        yield bench


def _machine(name: str, user: str, folder: Path, key: Path) -> Machine:
    own = folder / f"{name}.sshd"
    own.mkdir()
    host_key = _key(own / "host_key", mode=0o600)
    (own / "authorized").write_bytes(key.with_suffix(".pub").read_bytes())
    (own / "authorized").chmod(0o644)
    home = Path(pwd.getpwnam(user).pw_dir) if user != getpass.getuser() else folder / name
    home.mkdir(exist_ok=True)
    lock = folder / f"{name}.lock"
    lock.touch()
    lock.chmod(0o666)
    machine = Machine(name, _free_port(), user, home, own, secrets.token_hex(8), lock)
    if user == getpass.getuser():
        machine.variables["autogauge_folder"] = str(home / "autogauge-lab")
    (own / "sshd_config").write_text(
        textwrap.dedent(f"""\
            Port {machine.port}
            ListenAddress 127.0.0.1
            HostKey {host_key}
            PidFile {own / "pid"}
            AuthorizedKeysFile {own / "authorized"}
            AllowUsers {user}
            UsePAM no
            StrictModes no
            PasswordAuthentication no
            KbdInteractiveAuthentication no
            UseDNS no
            PrintMotd no
            PermitRootLogin yes
            MaxStartups 100
            MaxSessions 100
            Subsystem sftp internal-sftp
            SetEnv {MARK}={machine.token}
            """)
    )
    return machine


def with_environment(machine: Machine, **variables: str) -> None:
    """Give all later sessions of the machine these variables: its server is started anew."""
    config = machine.folder / "sshd_config"
    lines = [line for line in config.read_text().splitlines() if not line.startswith("SetEnv ")]
    pairs = {MARK: machine.token, **variables}
    config.write_text(
        "\n".join([*lines, "SetEnv " + " ".join(f'"{name}={value}"' for name, value in pairs.items()), ""])
    )
    machine.down()
    machine.up()


def _write_for_ssh(bench: Bench) -> None:
    known, config = [], []
    for each in bench.machines:
        public = (each.folder / "host_key.pub").read_text().split()
        known.append(f"[127.0.0.1]:{each.port} {public[0]} {public[1]}")
        config.append(
            f"Host {each.name}\n  HostName 127.0.0.1\n  Port {each.port}\n  User {each.user}\n  IdentityFile {bench.key}\n"
            f"  IdentitiesOnly yes\n  BatchMode yes\n  UserKnownHostsFile {bench.known_hosts}\n"
        )
    bench.known_hosts.write_text("\n".join([*known, ""]))
    bench.ssh_config.write_text("\n".join(config))


def _key(path: Path, mode: int) -> Path:
    subprocess.run(
        ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "lab", "-f", str(path)], check=True, timeout=READY_S
    )
    path.chmod(mode)
    return path


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def answers(port: int) -> bool:
    """Whether an ssh server greets on that port."""
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1) as opened:
        opened.settimeout(1)
        return opened.recv(4) == b"SSH-"
    return False


def _is_sshd(number: int) -> bool:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{number}/comm").read_text().startswith("sshd") and "Z" not in _state(
            Path(f"/proc/{number}")
        )
    return False


def _state(process: Path) -> str:
    return (process / "stat").read_text(errors="replace").rpartition(")")[2].split()[0]


@contextlib.contextmanager
def _users(names: Sequence[str], folder: Path) -> Iterator[dict[str, str]]:
    """A user a machine, for root; else all machines are this user's."""
    if os.geteuid() != 0 or shutil.which("useradd") is None:
        yield {name: getpass.getuser() for name in names}
        return
    _remove_users_of_the_dead()
    Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)  # where root's sshd gives its privileges up
    users = {name: f"{USERS}{os.getpid()}-{name}" for name in names}
    try:
        for name, user in users.items():
            # An account whose password is locked ("!") may not log in by a key either, without PAM.
            _as_root("useradd", "--create-home", "--home-dir", str(folder / name), "--shell", "/bin/sh", user)
            _as_root("usermod", "-p", "*", user)
        yield users
    finally:
        for user in users.values():
            with contextlib.suppress(NoBench):
                _as_root("userdel", "--force", user)


def _remove_users_of_the_dead() -> None:
    """Those that a test session left which was killed."""
    for each in pwd.getpwall():
        number = each.pw_name.removeprefix(USERS).partition("-")[0]
        if each.pw_name.startswith(USERS) and number.isdigit() and not Path(f"/proc/{number}").exists():
            with contextlib.suppress(NoBench):
                _as_root("userdel", "--force", each.pw_name)


def _as_root(*command: str) -> None:
    """Run a command on the list of users, again where another process has that locked."""
    for left in reversed(range(20)):
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        if done.returncode == 0:
            return
        if "try again later" not in done.stderr or not left:
            raise NoBench(f"{command[0]} says: {done.stderr.strip()}")
        time.sleep(0.25)


def _may_run(user: str, python: str) -> bool:
    """Whether that user can start the interpreter, and finds the suite's requirements in it."""
    command = [python, "-c", "import openvino, pytest_benchmark, rich"]
    if user != getpass.getuser():
        # By a shell in between: what setpriv itself starts it still reaches with root's rights.
        command = [
            "setpriv",
            f"--reuid={user}",
            f"--regid={user}",
            "--clear-groups",
            "sh",
            "-c",
            'exec "$0" "$@"',
            *command,
        ]
    with contextlib.suppress(OSError):
        done = subprocess.run(
            command, capture_output=True, cwd="/", env={"PATH": os.environ["PATH"]}, timeout=60, check=False
        )
        return done.returncode == 0
    return False


def _python_for(user: str, folder: Path) -> str | None:
    """This interpreter if the user may run it, or one like it that reads its packages; else ``None``."""
    if _may_run(user, sys.executable):
        return sys.executable
    return interpreter_like(sys.executable, folder / "python", user)


def interpreter_like(python: str, place: Path, user: str) -> str | None:
    """An environment that this user may run, with the packages of another (readable) one; ``None`` where there is no such Python."""
    asked = "import sys, sysconfig; print('%d.%d' % sys.version_info[:2], sysconfig.get_path('purelib'))"
    version, _, packages = (
        subprocess.run([python, "-c", asked], capture_output=True, text=True, check=True).stdout.strip().partition(" ")
    )
    for each in (f"/usr/bin/python{version}", f"/usr/local/bin/python{version}"):
        if not Path(each).exists():
            continue
        made = subprocess.run(
            [each, "-m", "venv", "--without-pip", str(place)], capture_output=True, timeout=60, check=False
        )
        if made.returncode == 0:
            (place / "lib" / f"python{version}" / "site-packages" / "suite.pth").write_text(f"{packages}\n")
            if _may_run(user, str(place / "bin" / "python")):
                return str(place / "bin" / "python")
        shutil.rmtree(place, ignore_errors=True)
    return None


def main() -> None:
    """``python -m tests.lab.bench NUMBER PATH``: so many machines until standard input ends, and their inventory in PATH."""
    try:
        with loopback(int(sys.argv[1])) as made:
            print(made.inventory(Path(sys.argv[2])), flush=True)
            sys.stdin.read()
    except NoBench as why:
        print(why)
        sys.exit(1)


if __name__ == "__main__":
    main()
