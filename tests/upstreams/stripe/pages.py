"""How the hosted pages look: plain forms, no script."""

from collections.abc import Sequence
from html import escape

from tests.upstreams.stripe.cards import CARDS
from tests.upstreams.stripe.catalog import amount_in
from tests.upstreams.stripe.proration import written
from tests.upstreams.stripe.state import Obj

Words = dict[str, str]

STYLE = """
body{font:16px/1.5 system-ui,sans-serif;margin:0;background:#f5f6f8;color:#1d2433}
main{max-width:34rem;margin:0 auto;padding:1.5rem}
.test{margin:0;
background:#7a3b00;color:#fff;padding:.75rem 1.5rem;text-align:center;font-weight:600}
section,form{background:#fff;border:1px solid #c9ced8;border-radius:8px;padding:1rem;margin:1rem 0}
label{display:block;margin:.5rem 0 .2rem}
input{font:inherit;padding:.5rem;width:100%;box-sizing:border-box;border:1px solid #5b6579;
border-radius:6px}
summary{margin-top:.75rem}
button{font:inherit;font-weight:600;padding:.7rem 1rem;margin:.75rem .5rem 0 0;border:0;
border-radius:6px;background:#2a4fc9;color:#fff;cursor:pointer}
button.plain{background:#fff;color:#2a4fc9;border:1px solid #2a4fc9}
.error{color:#a3131f;font-weight:600}
table{border-collapse:collapse;width:100%}td{padding:.25rem 0}td:last-child{text-align:right}
@media (prefers-color-scheme:dark){body{background:#14171f;color:#e8ebf2}
section,form{background:#1d2230;border-color:#454d5f}input{background:#14171f;color:#e8ebf2;border-color:#8b95aa}a{color:#9db4ff}
.error{color:#ff9aa2}button.plain{background:#1d2230;color:#9db4ff;border-color:#9db4ff}}
"""


def page(title: str, body: str, say: Words, *, error: str = "") -> str:
    language = "ko" if say["checkout"] == "결제" else "en"
    problem = f'<p class="error" role="alert">{escape(error)}</p>' if error else ""
    return f"""<!doctype html>
<html lang="{language}"><head><meta charset="utf-8"><title>{escape(title)}</title>
<meta name="viewport" content="width=device-width,initial-scale=1"><style>{STYLE}</style></head>
<body><p class="test" role="note">{escape(say["test"])}</p><main><h1>{escape(title)}</h1>
{problem}{body}</main></body></html>"""


def form(inside: str, *, action: str = "") -> str:
    target = f' action="{escape(action)}"' if action else ""
    return f'<form method="post"{target}>{inside}</form>'


def button(text: str, *, value: str = "pay", is_plain: bool = False) -> str:
    look = ' class="plain"' if is_plain else ""
    return f'<button name="do" value="{escape(value)}"{look}>{escape(text)}</button>'


def field(name: str, label: str, *, value: str = "", **attributes: str) -> str:
    more = "".join(f' {key}="{escape(it)}"' for key, it in attributes.items())
    return (
        f'<label for="{name}">{escape(label)}</label>'
        f'<input id="{name}" name="{name}" value="{escape(value)}"{more}>'
    )


def card_fields(say: Words) -> str:
    return (
        field("number", say["card"], value="4242 4242 4242 4242", inputmode="numeric")
        + field("exp", say["exp"], value="12 / 34")
        + field("cvc", say["cvc"], value="123", inputmode="numeric")
    )


def card_help(say: Words) -> str:
    rows = "".join(
        f"<tr><td>{_spaced(card.number)}</td><td>{escape(say[card.does])}</td></tr>"
        for card in CARDS.values()
    )
    return f"<details><summary>{escape(say['cards'])}</summary><table>{rows}</table></details>"


def _spaced(number: str) -> str:
    return " ".join(number[at : at + 4] for at in range(0, 16, 4))


def link(url: str, text: str, *, id: str = "") -> str:
    return f'<p><a id="{id}" href="{escape(url)}">{escape(text)}</a></p>' if url else ""


def table(rows: Sequence[tuple[str, str]]) -> str:
    cells = "".join(f"<tr><td>{escape(a)}</td><td>{escape(b)}</td></tr>" for a, b in rows)
    return f"<section><table>{cells}</table></section>"


def price_text(price: Obj, currency: str, say: Words) -> str:
    text = written(amount_in(price, currency), currency)
    return say[price["recurring"]["interval"]].format(amount=text) if price["recurring"] else text


def pdf(lines: Sequence[str]) -> bytes:
    """One page of plain text."""
    text = "".join(f"({_ascii(line)}) Tj T*\n" for line in lines)
    stream = f"BT /F1 12 Tf 16 TL 72 770 Td\n{text}ET".encode()
    parts: list[bytes] = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R "
        b"/Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    out, places = b"%PDF-1.4\n", []
    for number, part in enumerate(parts, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, part)
    table_at = len(out)
    rows = b"".join(b"%010d 00000 n \n" % it for it in places)
    head = b"xref\n0 %d\n0000000000 65535 f \n%s" % (len(parts) + 1, rows)
    tail = b"trailer << /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (
        len(parts) + 1,
        table_at,
    )
    return out + head + tail


def _ascii(text: str) -> str:
    plain = text.encode("ascii", "replace").decode()
    return plain.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)")


def status_word(invoice: Obj, say: Words) -> str:
    return say.get(invoice["status"] or "", str(invoice["status"]))
