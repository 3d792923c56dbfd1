"""Progress goes on where nothing can be printed any more."""

import io

from autogauge.report.progress import progress_on
from tests.cases import each_of


class Gone(io.StringIO):
    """A terminal that was closed, a pipe that nobody reads."""

    encoding = "utf-8"

    def write(self, text):
        raise BrokenPipeError

    def flush(self):
        raise OSError(5, "Input/output error")


@each_of("terminal", [True, False])
@each_of("closed", [True, False])
def test_what_cannot_be_printed_ends_no_measuring(terminal, closed):
    stream = Gone()
    if closed:
        stream.close()
    progress = progress_on(stream, terminal=terminal)
    progress.begin("a study")
    progress.advance("AUTO", 1, 3, 2.0)
    progress.say("a line")
    progress.end()
