"""The lines of a TOML file's keys are found: of tables, dotted keys, inline tables, long values, beside texts that look like keys."""

from pathlib import Path

from autogauge.toml_lines import parse
from tests.cases import each_of
from tests.properties import for_all

PATH = Path("/p.toml")


@each_of(
    ("text", "keys", "line"),
    [
        ("[tool.autogauge]\ngate = 1", "tool.autogauge.gate", 2),
        ("tool.autogauge.gate = 1", "tool.autogauge.gate", 1),
        ("[tool]\nautogauge.gate = 1\nautogauge.wait = 1", "tool.autogauge.wait", 3),
        ("[tool]\nautogauge = { gate = 1, wait = 1 }", "tool.autogauge.wait", 2),
        ("[ tool . 'autogauge' ]\n\"gate\"=1", "tool.autogauge.gate", 2),
        ('[tool.autogauge]\nx = """\ngate = 1\n[tool.y]\n"""\ngate = 1', "tool.autogauge.gate", 6),
        ("[tool.autogauge]\nx = [ # ]\n  ']', \"]\",\n  'gate = 1',\n]\ngate = 1", "tool.autogauge.gate", 6),
        ("# gate = 1\n[tool.autogauge] # gate\n# gate = 1\n\n  gate = 1", "tool.autogauge.gate", 5),
        ("[tool.autogauge.machines.m]\ngate = 1\n[tool.autogauge]\ngate = 1", "tool.autogauge.gate", 4),
        ("[tool.autogauge.machines.m]\ngate = 1\n[tool.autogauge]\ngate = 1", "tool.autogauge.machines.m.gate", 2),
        ("[[a]]\ngate = 1\n[[a]]\ngate = 2\n[tool.autogauge]\ngate = 1", "tool.autogauge.gate", 6),
        ("[tool.autogauge]\n", "tool.autogauge.gate", 1),
        ("\n\n", "tool", None),
    ],
)
def test_the_line_of_a_key(text, keys, line):
    assert parse(PATH, text.encode()).line(*keys.split(".")) == line


NAMES = ["gate", "wait", "machine", "[gate]", "gate = 1", "#", 'a"b', "ü"]
NOISE = ["", "# gate = 1", "#[tool.autogauge]", "   ", "# ]"]
VALUES = [
    "1",
    "'gate = 2'",
    '"[tool.autogauge]"',
    "[1, 2]",
    '"""\ngate = 1\n[x]\n"""',
    "'''a\n'''",
    "[\n  'gate',\n  # ]\n]",
    "{ x = 1 }",
]


def quoted(name):
    return '"' + name.replace('"', '\\"') + '"'


@for_all(
    lambda st: (
        st.lists(
            st.tuples(
                st.lists(st.sampled_from(NAMES), min_size=1, max_size=3),
                st.dictionaries(st.sampled_from(NAMES), st.sampled_from(VALUES), max_size=3),
            ),
            max_size=4,
            unique_by=lambda table: tuple(table[0]),
        ),
        st.lists(st.sampled_from(NOISE), min_size=1, max_size=5),
        st.sampled_from(["\n", "\r\n"]),
    )
)
def test_every_key_of_a_file_is_found_where_it_was_written(tables, noise, end):
    """Written with tables in any order, quoted names that look like TOML, values over several lines and noise between them."""
    import hypothesis

    lines, expected = [], {}
    for number, (table, values) in enumerate(tables):
        path = (f"t{number}", *table)
        lines += [noise[number % len(noise)], f"[{' . '.join(map(quoted, path))}]"]
        for each, (key, value) in enumerate(values.items()):
            lines.append(noise[(number + each) % len(noise)])
            expected[(*path, key)] = len("\n".join(lines).split("\n")) + 1
            lines.append(f"{quoted(key)} = {value}")
    hypothesis.note(lines)
    toml = parse(PATH, end.join("\n".join(lines).split("\n")).encode())
    assert {keys: toml.line(*keys) for keys in expected} == expected
