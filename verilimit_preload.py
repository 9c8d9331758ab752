"""What the server of the workers imports, whatever a project calls its own packages."""

from importlib import import_module

from verilimit_namesakes import admit

admit()  # the command has said before what clashes
import_module("checks.suite.preload")
