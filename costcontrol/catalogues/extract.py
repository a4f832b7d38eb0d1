"""Every sentence that is marked for translation, in code and in templates.

Code is read as a syntax tree; templates are parsed by Django's own engine, so that what is found is
exactly what will be looked up when the page is shown.
"""

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings
from django.template import Context, Template, engines
from django.template.base import Node
from django.templatetags.i18n import BlockTranslateNode, TranslateNode

PACKAGES = ("accounts", "billing", "costcontrol", "routing")
TEMPLATES = "templates"
SKIPPED = {"migrations", "__pycache__"}
MACHINERY = "costcontrol/lib/sentences.py"  # looks up what others mark

# Functions that translate, and the roles of their first arguments.
MARKERS: dict[str, tuple[str, ...]] = {
    "_": ("msgid",),
    "gettext": ("msgid",),
    "gettext_lazy": ("msgid",),
    "gettext_noop": ("msgid",),
    "ngettext": ("msgid", "plural"),
    "ngettext_lazy": ("msgid", "plural"),
    "pgettext": ("context", "msgid"),
    "pgettext_lazy": ("context", "msgid"),
    "npgettext": ("context", "msgid", "plural"),
}
IN_FILTERS = re.compile(r"""\b_\(\s*(?:"([^"]*)"|'([^']*)')\s*\)""")


@dataclass(frozen=True, slots=True)
class Message:
    """One marked sentence, and the file that says it."""

    msgid: str
    plural: str | None
    context: str | None
    path: str


def all_messages() -> list[Message]:
    """In the order of files and lines, so that a catalogue made twice is the same."""
    root = settings.BASE_DIR
    found: list[Message] = []
    for path in python_files(root):
        found += of_code(path.read_text(), str(path.relative_to(root)))
    for path in template_files(root):
        found += of_template(path.read_text(), str(path.relative_to(root)))
    return found


def python_files(root: Path) -> list[Path]:
    files = (path for package in PACKAGES for path in (root / package).rglob("*.py"))
    kept = (path for path in files if not SKIPPED & set(path.parts))
    return sorted(path for path in kept if path != root / MACHINERY)


def template_files(root: Path) -> list[Path]:
    return sorted(path for path in (root / TEMPLATES).rglob("*") if path.is_file())


# --- code -----------------------------------------------------------------------------------
def of_code(source: str, path: str) -> Iterator[Message]:
    for call in marked_calls(ast.parse(source)):
        texts = literals(call)
        roles = MARKERS[marker_of(call) or "_"]
        if texts is None:
            raise ValueError(f"{path}:{call.lineno}: only a text in quotes can be translated")
        said = dict(zip(roles, texts, strict=True))
        yield Message(said["msgid"], said.get("plural"), said.get("context"), path)


def marked_calls(tree: ast.AST) -> Iterator[ast.Call]:
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    for call in sorted(calls, key=lambda node: (node.lineno, node.col_offset)):
        if marker_of(call):
            yield call


def marker_of(call: ast.Call) -> str | None:
    function = call.func
    name = function.id if isinstance(function, ast.Name) else getattr(function, "attr", None)
    return name if name in MARKERS else None


def literals(call: ast.Call) -> list[str] | None:
    roles = MARKERS[marker_of(call) or "_"]
    values = [node.value for node in call.args[: len(roles)] if isinstance(node, ast.Constant)]
    texts = [value for value in values if isinstance(value, str)]
    return texts if len(texts) == len(roles) else None


# --- templates ------------------------------------------------------------------------------
def of_template(source: str, path: str) -> Iterator[Message]:
    nodes: Any = engines["django"].from_string(source)
    template: Template = nodes.template
    for node in walk(template.nodelist):
        if isinstance(node, TranslateNode):
            yield of_translate(node, path)
        elif isinstance(node, BlockTranslateNode):
            yield of_block(node, path)
    for double, single in IN_FILTERS.findall(source):
        yield Message((double or single).replace("%", "%%"), None, None, path)


def walk(nodes: Iterable[Any]) -> Iterator[Node]:
    """Each node once, in the order of the file."""
    for node in nodes:
        yield node
        for name in getattr(node, "child_nodelists", ()):
            yield from walk(getattr(node, name, None) or ())


def of_translate(node: TranslateNode, path: str) -> Message:
    """Django doubles the percent signs of a `translate` tag before it looks the text up."""
    literal = getattr(node.filter_expression.var, "literal", None)
    if not isinstance(literal, str):
        raise ValueError(f"{path}: only a text in quotes can be translated, not {node.token}")
    return Message(literal.replace("%", "%%"), None, context_of(node), path)


def of_block(node: BlockTranslateNode, path: str) -> Message:
    singular, _names = node.render_token_list(node.singular)
    plural = node.render_token_list(node.plural)[0] if node.plural else None
    return Message(singular, plural, context_of(node), path)


def context_of(node: TranslateNode | BlockTranslateNode) -> str | None:
    return str(node.message_context.resolve(Context())) if node.message_context else None
