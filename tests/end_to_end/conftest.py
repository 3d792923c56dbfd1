"""What the tests of this folder share: one cache of built models, and whole runs that many of them read."""

import shutil
import sys
from pathlib import Path

import pytest

from tests import ahead
from tests.end_to_end import whole_runs
from tests.installed import NOT_THE_PROJECTS, files_in, run
from tests.support import ROOT


@pytest.fixture(scope="session")
def model_cache(tmp_path_factory):
    return tmp_path_factory.mktemp("model-cache")


@pytest.fixture(scope="session")
def offline():
    """An environment in which no host of the world can be reached: the proxy is not there."""
    from tests.omz.mirror import closed_port

    address = closed_port()
    return {**dict.fromkeys(("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"), address), "NO_PROXY": ""}


@pytest.fixture(scope="session")
def ground(tmp_path_factory, model_cache, offline):
    return whole_runs.Ground(tmp_path_factory.mktemp("runs"), model_cache, offline)


@pytest.fixture(scope="session", autouse=True)
def measured_ahead(request, ground):
    """A function from the name of a run to what it measured; those that are read are measured from here on."""
    with ahead.begun(request.session, whole_runs.on(ground)) as measured:
        yield measured


@pytest.fixture(scope="session")
def first_run(measured_ahead):
    return measured_ahead("first_run")


@pytest.fixture(scope="session")
def regressed(measured_ahead, first_run):
    return measured_ahead("regressed")


@pytest.fixture(scope="session")
def broken_promise(measured_ahead):
    return measured_ahead("broken_promise")


@pytest.fixture(scope="session")
def undecided(measured_ahead):
    return measured_ahead("undecided")


def pytest_collection_modifyitems(items):
    ahead.readers_last(items, Path(__file__).parent, whole_runs.RUNS)


@pytest.fixture
def session(tmp_path, model_cache):
    """Start the suite; it is ended with the test."""
    from tests.sessions import Session

    sessions = []

    def start(*options, **environment):
        sessions.append(Session(tmp_path, model_cache, *options, **environment))
        return sessions[-1]

    yield start
    for each in sessions:
        each.process.kill()
        each.process.wait()


@pytest.fixture(scope="session")
def source(tmp_path_factory):
    """The project's files in a folder of their own."""
    source = tmp_path_factory.mktemp("source") / "project"
    shutil.copytree(ROOT, source, ignore=shutil.ignore_patterns(*NOT_THE_PROJECTS))
    return source


@pytest.fixture(scope="session")
def wheel(source, tmp_path_factory):
    """The wheel, built as a packager does: from the sdist. Nothing is left behind in the project's folder."""
    stray = source / "fixtures" / "reports" / "page.html"  # as one that measured there by mistake has it
    stray.parent.mkdir()
    stray.write_text("of a run")
    out, before = tmp_path_factory.mktemp("dist"), files_in(source)
    run(sys.executable, "-m", "build", "--no-isolation", "--outdir", out, source, cwd=out)
    assert files_in(source) == before, "nothing is left behind"
    shutil.rmtree(stray.parent)
    (built,), (_,) = out.glob("*.whl"), out.glob("*.tar.gz")
    return built


@pytest.fixture(scope="session")
def environment(wheel, tmp_path_factory):
    """An environment with the wheel. What it needs is this one's: the example's test installs that, too."""
    folder = tmp_path_factory.mktemp("environment")
    run(sys.executable, "-m", "venv", folder, cwd=folder)
    pip = (folder / "bin" / "python", "-m", "pip", "install", "--quiet", "--no-deps", "--no-index")
    run(*pip, wheel, cwd=folder)
    packages = Path(
        run(
            folder / "bin" / "python", "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", cwd=folder
        ).strip()
    )
    ours = [each for each in sys.path if Path(each).name == "site-packages"]
    (packages / "what-it-needs.pth").write_text("\n".join(ours))
    command = folder / "bin" / "pytest"  # as pip would have made it
    command.write_text(f"#!{folder}/bin/python\nimport sys\nfrom pytest import main\nsys.exit(main())\n")
    command.chmod(0o755)
    return folder
