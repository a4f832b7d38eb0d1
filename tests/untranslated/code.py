"""Text in code that people see and that no function translates.

Two rules. Everywhere: what is given to an error, a message, a form or a model must be marked. In
the modules that make pages: nothing that reads like words may be unmarked, wherever it stands.
"""

import ast
import re
from collections.abc import Iterator

from costcontrol.catalogues.extract import MARKERS
from costcontrol.lib import errors

WORDS = re.compile(r"[A-Za-z]{2,}")
PROSE = re.compile(r"[A-Za-z]{2,}[,;:]? [A-Za-z]{2,}|^[A-Z][a-z]{2,}[.!?]?$")
# HTML, headers, SQL, what is typed into a terminal
NO_PROSE = re.compile(
    r"<\w|; ?(charset|filename)=|^(SELECT|INSERT|UPDATE) |make run$|^ollama pull |:NAME\b"
)
NAMES = {"Anthropic", "OpenAI", "Ollama", "Valkey", "Location", "English"}
EXAMPLES = ("[", "{")  # of JSON, in a help text
SPOKEN_ARGUMENTS = {
    "verbose_name", "verbose_name_plural", "label", "help_text", "description", "empty_label",
    "short_description", "site_header", "site_title", "index_title",
}
MESSENGERS = {"message_user", "success", "error", "info", "warning", "debug"}
CHOICES = {"TextChoices", "IntegerChoices", "Choices"}
OTHER_ERRORS = {
    "ValidationError", "UnknownScope", "PolicyError", "PermissionDenied", "Http404",
    "AuthenticationFailed", "NotAuthenticated", "ParseError", "ProviderMisconfigured",
}
RELATIONS = {"ForeignKey", "OneToOneField", "ManyToManyField"}


def error_names(root: type[Exception] = errors.CostControlError) -> set[str]:
    names = {root.__name__}
    for kind in root.__subclasses__():
        names |= error_names(kind)
    return names


def unmarked(source: str, *, is_page: bool = False) -> list[tuple[int, str]]:
    """(line, text) of what should be translated and is not."""
    tree = ast.parse(source)
    found = {*_given(tree), *(_prose(tree) if is_page else ())}
    return sorted(found)


# --- what is given to errors, messages, forms and models ------------------------------------
def _given(tree: ast.AST) -> Iterator[tuple[int, str]]:
    errors_known = error_names() | OTHER_ERRORS
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            for value in _spoken(node, errors_known):
                yield from _bare(value)
        elif isinstance(node, ast.ClassDef):
            for value in _declared(node):
                yield from _bare(value)


def _spoken(call: ast.Call, errors_known: set[str]) -> Iterator[ast.expr]:
    name = name_of(call.func)
    yield from (k.value for k in call.keywords if k.arg in SPOKEN_ARGUMENTS)
    if not call.args:
        return
    if name in errors_known:
        yield call.args[0]
    elif name in MESSENGERS and len(call.args) > 1 and not _is_log(call):
        yield call.args[1]
    elif name.endswith("Field") and name not in RELATIONS and _is_models(call):
        yield call.args[0]


def _declared(node: ast.ClassDef) -> Iterator[ast.expr]:
    """`Meta.verbose_name`, and the labels of choices."""
    is_choices = any(name_of(base) in CHOICES for base in node.bases)
    for item in node.body:
        if not isinstance(item, ast.Assign):
            continue
        names = {target.id for target in item.targets if isinstance(target, ast.Name)}
        if names & SPOKEN_ARGUMENTS:
            yield item.value
        elif is_choices and isinstance(item.value, ast.Tuple):
            yield item.value.elts[-1]


def _bare(value: ast.expr) -> Iterator[tuple[int, str]]:
    """The text of an expression that says words without a translation."""
    if isinstance(value, ast.Constant) and isinstance(value.value, str):
        text = value.value
        if WORDS.search(text) and not text.startswith(EXAMPLES) and text not in NAMES:
            yield value.lineno, text
    elif isinstance(value, ast.JoinedStr):
        text = "".join(str(p.value) for p in value.values if isinstance(p, ast.Constant))
        if WORDS.search(text):
            yield value.lineno, text
    elif isinstance(value, ast.BinOp):
        yield from _bare(value.left)
    elif isinstance(value, ast.IfExp):
        yield from _bare(value.body)
        yield from _bare(value.orelse)


# --- whatever reads like words --------------------------------------------------------------
def _prose(tree: ast.Module) -> Iterator[tuple[int, str]]:
    for node in _outside_markers(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            text = node.value
            if PROSE.search(text) and not NO_PROSE.search(text) and text not in NAMES:
                yield node.lineno, text


def _outside_markers(node: ast.AST) -> Iterator[ast.AST]:
    """Everything but docstrings, annotations, marked texts and lines of the log."""
    yield node
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Call) and (name_of(child.func) in MARKERS or _is_log(child)):
            continue
        if isinstance(child, ast.Expr) and isinstance(child.value, ast.Constant):
            continue
        if isinstance(child, ast.Dict) and _languages(child) == {"en", "ko"}:
            continue  # said in both already
        if isinstance(node, ast.arg | ast.AnnAssign) and child is node.annotation:
            continue
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and child is node.returns:
            continue
        yield from _outside_markers(child)


def _languages(node: ast.Dict) -> set[object]:
    return {key.value for key in node.keys if isinstance(key, ast.Constant)}


def name_of(node: ast.expr) -> str:
    if isinstance(node, ast.Subscript):
        return name_of(node.value)
    return node.id if isinstance(node, ast.Name) else getattr(node, "attr", "")


def _is_log(call: ast.Call) -> bool:
    function = call.func
    return isinstance(function, ast.Attribute) and name_of(function.value) in ("log", "logger")


def _is_models(call: ast.Call) -> bool:
    return isinstance(call.func, ast.Attribute) and name_of(call.func.value) == "models"
