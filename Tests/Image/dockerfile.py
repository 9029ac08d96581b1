"""Reads a Dockerfile: so much of it as deploy/Dockerfile uses, and refuses the rest."""

import json
import re
import shlex


class Instruction:
    def __init__(self, keyword, text):
        self.keyword, self.text = keyword, text

    @property
    def words(self):
        return shlex.split(self.text)

    @property
    def json(self):
        """The exec form's words."""
        return json.loads(self.text[self.text.index("[") :])

    def __repr__(self):
        return f"{self.keyword} {self.text}"


KEYWORDS = {
    "ARG", "FROM", "RUN", "WORKDIR", "COPY", "ENV", "USER", "EXPOSE", "VOLUME", "STOPSIGNAL", "HEALTHCHECK", "ENTRYPOINT", "CMD",
}


def instructions(text):
    lines, found = iter(text.splitlines()), []
    for line in lines:
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        while line.endswith("\\"):
            line = line[:-1] + next(lines).strip()
        keyword, rest = re.fullmatch(r"([A-Z]+)\s+(.*)", line).groups()
        assert keyword in KEYWORDS, f"{keyword}: not known to the test of the image"
        found.append(Instruction(keyword, rest))
    return found


class Stage:
    def __init__(self, base):
        self.base = base
        self.steps = []

    def last(self, keyword):
        return next(step for step in reversed(self.steps) if step.keyword == keyword)


def stages(text):
    """The stages, with the defaults of `ARG`s before the first in the place of their names."""
    arguments, found = {}, []
    for instruction in instructions(text):
        if instruction.keyword == "ARG" and not found:
            name, _, value = instruction.text.partition("=")
            arguments[name] = value
        elif instruction.keyword == "FROM":
            found.append(Stage(re.sub(r"\$\{(\w+)\}", lambda match: arguments[match[1]], instruction.words[0])))
        else:
            found[-1].steps.append(instruction)
    return found
