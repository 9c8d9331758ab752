"""Sphinx: `make docs`. Nothing is fetched, neither at build time nor by a reader's browser."""

import logging
import sys
from importlib.metadata import version as installed
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE / "_ext")]

logging.getLogger("jax").setLevel(logging.WARNING)  # pictures of layers are computed

project = "verilimit"
author = "the verilimit developers"
copyright = author
version = release = installed("verilimit")

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "mathml",
    "pieces",
    "rooms",
    "recorded_claims",
    "gallery",
    "reference",
]
exclude_patterns = ["_build"]
default_role = "code"

myst_enable_extensions = ["dollarmath", "deflist"]
myst_heading_anchors = 4

autodoc_typehints = "description"
autodoc_member_order = "bysource"

html_theme = "furo"
html_title = f"verilimit {release}"
html_static_path = ["_static"]
html_css_files = ["verilimit.css"]
html_math_renderer = "mathml"
html_copy_source = False
html_show_sphinx = False
