"""Pages of the web at the end of an answer: read back as they were written, and nothing else."""

import pytest

from routing.sources import MOST, Source, is_address, is_found, lines_of, source_of, split, unforged

PAGES = (
    Source("The Republic", "https://a.example/x", "Justice is each doing their own."),
    Source("사형제", "http://b.example:8080/%EA%B0%80?q=1#two"),
)


def test_what_is_written_down_is_read_back() -> None:
    text = "Two pages say so.\nAnd more." + lines_of(PAGES)
    assert split(text) == ("Two pages say so.\nAnd more.", PAGES)
    assert split("Nothing was found.") == ("Nothing was found.", ())
    assert split(lines_of(PAGES[:1])) == ("", PAGES[:1])


@pytest.mark.parametrize("url", [
    "javascript:alert(1)", "data:text/html,x", "//a.example/", "https://", "ftp://a.example/",
    "https://a.example/ b", 'https://a.example/"onclick', "https://a.example/<b>",
    "https://user@a.example/", "https://a.example/\u202e", "https://a.example/'x", None, 7,
    "https://a.example/" + "x" * 500,
])  # fmt: skip
def test_what_is_no_address_of_the_web_is_no_source(url: object) -> None:
    assert source_of(url, "A page") is None


def test_an_address_with_brackets_is_kept_so_that_no_link_ends_in_it() -> None:
    page = source_of("https://a.example/Justice_(virtue)", "Justice [a]\n(b)", "two\nlines")
    assert page == Source("Justice a (b)", "https://a.example/Justice_%28virtue%29", "two lines")
    assert split(page.line)[1] == (page,)
    assert is_address(page.url)


def test_titles_and_words_are_short_and_pages_few() -> None:
    page = source_of("https://a.example/", "t" * 900, "w" * 900)
    assert page
    assert (len(page.title), len(page.text)) == (160, 300)
    many = [Source(f"{n}", f"https://a.example/{n}", "w" if n == 7 else "") for n in range(9)]
    kept = split("Said." + lines_of(many))[1]
    assert len(kept) == MOST
    assert kept[0].title == "7", "whose words are known come first"


def test_a_model_cannot_write_a_page_that_was_not_found() -> None:
    text = "It is so.\n[A shop](https://shop.example/)\n  [indented](https://b.example/)"
    assert split(unforged(text))[1] == ()
    assert unforged("[1] is a footnote") == "[1] is a footnote"


def test_without_a_search_or_a_page_nothing_was_found() -> None:
    found = "It is so." + lines_of(PAGES)
    assert is_found(found, searches=1)
    assert not is_found(found, searches=0)
    assert not is_found(found, searches=None)
    assert not is_found("It is so.", searches=1)
