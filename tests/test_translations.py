"""Korean and English are complete: nothing that people see is left unmarked or untranslated."""

import re
from pathlib import Path

import pytest
from babel.messages import Catalog
from babel.messages import Message as Entry
from django.conf import settings

from costcontrol.catalogues import files
from costcontrol.catalogues.extract import (
    Message,
    all_messages,
    of_code,
    of_template,
    python_files,
    template_files,
)
from tests.untranslated.admin import unmarked_names
from tests.untranslated.code import unmarked
from tests.untranslated.pages import words_outside

ROOT = settings.BASE_DIR
HANGUL = re.compile(r"[가-힣]")
PLACEHOLDER = re.compile(r"%\(\w+\)[#0 +-]*[\d.]*[a-zA-Z]|%%")
TAG = re.compile(r"</?[a-z][^>]*>")
LETTER = re.compile(r"[^\W\d_]")

# Names and abbreviations that Korean writes in Latin letters.
SAME_IN_KOREAN = {"API", "CSV", "Id", "id", "ID", "PDF", "usd, krw"}
NOT_A_DJANGO_TEMPLATE = {"templates/500.html"}  # shown when nothing works: both languages at once

# Terminal, log and machine: English on purpose, see docs/translations.md.
ENGLISH = (
    "costcontrol/supervisor/", "costcontrol/proof/", "costcontrol/demo/", "costcontrol/checks.py",
    "costcontrol/catalogues/", "routing/embedded_server.py", "billing/api/serializers.py",
    "billing/api/savings_serializers.py", "routing/api/topic_serializers.py",
    "accounts/api/serializers.py", "routing/api/catalogue_examples.py",
    "routing/api/catalogue_serializers.py", "routing/api/debates/request_serializers.py",
    "routing/api/debates/schema.py", "routing/api/debates/serializers.py",
)
PAGES = (
    "costcontrol/dashboard/", "costcontrol/templatetags/",
    "costcontrol/formats.py", "accounts/admin.py", "accounts/audited.py", "billing/admin.py",
    "routing/admin.py", "routing/services.py", "billing/scopes.py",
    "billing/reports/call", "costcontrol/context.py", "costcontrol/views.py",
)


@pytest.fixture(scope="module")
def found() -> list[Message]:
    return all_messages()


@pytest.fixture(scope="module")
def korean() -> Catalog:
    return files.load("ko")


def entries(catalogue: Catalog) -> list[Entry]:
    return [entry for entry in catalogue if entry.id]


def msgids(entry: Entry) -> tuple[str, ...]:
    return tuple(entry.id) if isinstance(entry.id, tuple | list) else (str(entry.id),)


def said(entry: Entry) -> list[str]:
    """Without what is empty: another test says so."""
    return [string for string in files.strings_of(entry) if string]


def path_of(file: Path) -> str:
    return str(file.relative_to(ROOT))


# --- the files ------------------------------------------------------------------------------
@pytest.mark.parametrize("language", ["en", "ko"])
def test_the_catalogue_has_every_sentence_and_is_compiled(
    language: str, found: list[Message]
) -> None:
    catalogue = files.updated(language, found)
    stale = "run `make messages`, translate what is empty, run it again"
    assert files.po_path(language).read_bytes() == files.po_bytes(catalogue), stale
    assert files.mo_path(language).read_bytes() == files.mo_bytes(catalogue), stale


@pytest.mark.parametrize("language", ["en", "ko"])
def test_every_sentence_is_translated(language: str) -> None:
    assert [entry.id for entry in files.missing(files.load(language))] == []


def test_no_translation_is_a_guess(korean: Catalog) -> None:
    assert [entry.id for entry in entries(korean) if entry.fuzzy] == []


def test_a_translation_has_the_values_of_its_sentence(korean: Catalog) -> None:
    """Every value appears, and none that the code does not give: that would fail while it runs."""
    wrong = []
    for entry in entries(korean):
        wanted = set(PLACEHOLDER.findall(msgids(entry)[-1]))
        wrong += [s for s in said(entry) if set(PLACEHOLDER.findall(s)) != wanted]
    assert wrong == []


def test_a_translation_has_the_markup_of_its_sentence(korean: Catalog) -> None:
    wrong = []
    for entry in entries(korean):
        wanted = sorted(TAG.findall(msgids(entry)[-1]))
        wrong += [s for s in said(entry) if sorted(TAG.findall(s)) != wanted]
    assert wrong == []


def test_korean_is_written_in_korean(korean: Catalog) -> None:
    latin = []
    for entry in entries(korean):
        has_words = LETTER.search(PLACEHOLDER.sub("", msgids(entry)[0]))
        if has_words and msgids(entry)[0] not in SAME_IN_KOREAN:
            latin += [s for s in said(entry) if not HANGUL.search(s)]
    assert latin == []


def test_korean_has_one_form_for_any_number(korean: Catalog) -> None:
    counted = [entry for entry in entries(korean) if entry.pluralizable]
    assert counted
    assert {len(files.strings_of(entry)) for entry in counted} == {1}


# --- what is marked -------------------------------------------------------------------------
@pytest.mark.parametrize("file", template_files(ROOT), ids=path_of)
def test_a_page_says_nothing_that_is_not_translated(file: Path) -> None:
    if path_of(file) not in NOT_A_DJANGO_TEMPLATE:
        assert words_outside(file.read_text()) == []


@pytest.mark.parametrize("file", python_files(ROOT), ids=path_of)
def test_code_says_nothing_that_is_not_translated(file: Path) -> None:
    path = path_of(file)
    if path.startswith(ENGLISH) or "/management/" in path:
        return
    assert unmarked(file.read_text(), is_page=path.startswith(PAGES)) == []


def test_the_admin_names_nothing_that_is_not_translated() -> None:
    assert unmarked_names() == []


# --- the tests above can fail ---------------------------------------------------------------
@pytest.mark.parametrize(
    "page",
    [
        "<p>Hello</p>",
        "{% load i18n %}<p>{% translate 'Hi' %} there</p>",
        '<input placeholder="Your name">',
        '<button aria-label="Close"></button>',
        '<p>{{ name|default:"Nobody" }}</p>',
        '{% include "components/empty.html" with text="No calls" %}',
    ],
)
def test_words_in_a_page_are_found(page: str) -> None:
    assert len(words_outside(page)) == 1


@pytest.mark.parametrize(
    "page",
    [
        "{% load i18n %}<p>{% translate 'Hello' %} · 3 %</p>",
        "{% load i18n %}{% blocktranslate %}Hello <b>you</b>{% endblocktranslate %}",
        '<input placeholder="{{ hint }}" class="wide">',
        "<code>POST /v1/chat/completions</code>",
        "{% comment %}why{% endcomment %}{# because #}",
        '<p>{{ name|default:_("Nobody") }}</p>',
        "<title>costcontrol</title>",
    ],
)
def test_what_is_translated_or_code_is_not_found(page: str) -> None:
    assert words_outside(page) == []


@pytest.mark.parametrize(
    "code",
    [
        'raise Unavailable("No model.")',
        'raise Unavailable(f"{vendor} is busy.")',
        'raise BadRequest("No %s" % name)',
        'messages.error(request, "No.")',
        'self.message_user(request, f"{n} keys")',
        'forms.CharField(label="Name")',
        'models.CharField("name", max_length=3)',
        'class Meta:\n    verbose_name = "row"',
        'class State(models.TextChoices):\n    ON = "on", "on"',
    ],
)
def test_words_in_code_are_found(code: str) -> None:
    assert len(unmarked(code)) == 1


@pytest.mark.parametrize("code", ['title = "Spend"', 'f"{n} calls in all"', 'x = ["two words"]'])
def test_words_of_a_page_made_by_code_are_found(code: str) -> None:
    assert len(unmarked(code, is_page=True)) == 1


@pytest.mark.parametrize(
    "code",
    [
        '"""A docstring of words."""',
        'raise Unavailable(_("No model."))',
        'raise Unavailable(_("No %(x)s") % {"x": x})',
        "raise Unavailable(why)",
        'log.warning("no model today")',
        'models.ForeignKey("self", models.CASCADE)',
        'messages.error(request, ngettext("one key", "%(n)d keys", n))',
    ],
)
def test_what_is_marked_or_logged_is_not_found(code: str) -> None:
    assert unmarked(code, is_page=True) == []


def test_messages_are_found_in_code() -> None:
    code = '_("a" "b")\nngettext("%(n)d x", "%(n)d xs", n)\npgettext("verb", "call")'
    assert list(of_code(code, "x.py")) == [
        Message("ab", None, None, "x.py"),
        Message("%(n)d x", "%(n)d xs", None, "x.py"),
        Message("call", None, "verb", "x.py"),
    ]


def test_a_message_that_is_not_in_quotes_is_refused() -> None:
    with pytest.raises(ValueError, match=r"x\.py:1"):
        list(of_code("_(name)", "x.py"))


def test_messages_are_found_in_templates() -> None:
    page = (
        '{% load i18n %}{% if x %}{% translate "100% of it" %}{% endif %}{{ x|default:_("none") }}'
        "{% blocktranslate count n=n trimmed %}\n {{ n }} call\n{% plural %}{{ n }} calls"
        '{% endblocktranslate %}{% translate "call" context "verb" %}'
    )
    assert list(of_template(page, "x.html")) == [
        Message("100%% of it", None, None, "x.html"),
        Message("%(n)s call", "%(n)s calls", None, "x.html"),
        Message("call", None, "verb", "x.html"),
        Message("none", None, None, "x.html"),
    ]


def test_no_marker_has_another_name_under_which_it_is_not_found() -> None:
    renamed = re.compile(r"\bgettext(?:_lazy|_noop)? as (?!_$)\w+", re.MULTILINE)
    files_of_ours = python_files(settings.BASE_DIR)
    assert [path_of(file) for file in files_of_ours if renamed.search(file.read_text())] == []
