"""Invoices and receipts: what for, how much, whether it is paid, and the document."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from billing.payments import services as payments
from billing.reports import account
from billing.reports.bills import Bill, bills
from costcontrol import formats
from costcontrol.account import banners
from costcontrol.account.access import role_required
from costcontrol.account.viewer import viewer_of
from costcontrol.account.words import is_web
from costcontrol.dashboard.components import Badge, Cell, Column, Kind, Table, Tone
from costcontrol.dashboard.components import link as link_cell
from costcontrol.dashboard.components import minor as minor_cell
from costcontrol.dashboard.components import text as text_cell
from costcontrol.lib import clock


@role_required("owner", "billing")
@require_safe
def invoices(request: HttpRequest) -> HttpResponse:
    viewer = viewer_of(request)
    view = account.account(
        viewer.payer, tier=viewer.tier, user_id=viewer.user.pk, now=clock.now()
    )
    found = bills(view.customer) if view.customer else ()
    return render(request, "mine/invoices.html", {
        "viewer": viewer, "view": view, "can_pay": payments.is_on(),
        "table": table(found, zone=viewer.zone) if found else None,
        "banners": banners.banners(view, role=viewer.role, zone=viewer.zone),
        "card": card(view.customer.card if view.customer else ""),
        "plans_url": reverse("mine:plans"),
    })


def card(name: str) -> str:
    """`Visa, ends with 4242`."""
    brand, _space, last = name.rpartition(" ")
    return _("%(brand)s, ends with %(last)s") % {
        "brand": brand.capitalize(), "last": last
    } if brand else name


def table(bills: tuple[Bill, ...], *, zone: str) -> Table:
    columns = (
        Column(_("Date")), Column(_("Number")), Column(_("For")),
        Column(_("Amount"), is_number=True), Column(_("Status")), Column(_("Document")),
    )
    rows = tuple(_row(bill, zone=zone) for bill in bills)
    return Table(_("Invoices"), columns, rows, is_caption_hidden=True)


def _row(bill: Bill, *, zone: str) -> tuple[Cell, ...]:
    return (
        text_cell(formats.day(bill.created_at, zone=zone)),
        text_cell(bill.number or None),
        text_cell(bill.subject or None),
        minor_cell(bill.total_minor, bill.currency, note=_refunded(bill)),
        _status(bill, zone=zone),
        _document(bill),
    )


def _refunded(bill: Bill) -> str:
    if not bill.refunded_minor:
        return ""
    return _("%(amount)s refunded") % {
        "amount": formats.minor(bill.refunded_minor, bill.currency)
    }


def _status(bill: Bill, *, zone: str) -> Cell:
    """In a word, and what to do about it."""
    words, tone, note = _status_of(bill, zone=zone)
    return Cell(Kind.BADGE, Badge(words, tone), note=note)


def _status_of(bill: Bill, *, zone: str) -> tuple[str, Tone, str]:
    if bill.status == "paid":
        if bill.refunded_minor >= bill.total_minor > 0:
            return _("refunded"), Tone.OFF, ""
        return _("paid"), Tone.OK, ""
    if bill.status == "void":
        return _("void"), Tone.OFF, _("Nothing is owed.")
    if bill.status == "uncollectible":
        return _("not paid"), Tone.BAD, _("Not collected any more. Use another card to go on.")
    if not bill.has_failed:
        return _("open"), Tone.WARN, _("Pay it on its page.")
    return _("failed"), Tone.BAD, _failed(bill, zone=zone)


def _failed(bill: Bill, *, zone: str) -> str:
    if bill.next_try_at is None:
        return _("Pay it on its page, or use another card.")
    return _("Pay it on its page, or use another card. It is tried again on %(day)s.") % {
        "day": formats.day(bill.next_try_at, zone=zone)
    }


def _document(bill: Bill) -> Cell:
    if bill.is_open and is_web(bill.page_url):
        return link_cell(_("Pay"), bill.page_url)
    for words, url in ((_("PDF"), bill.pdf_url), (_("Page"), bill.page_url)):
        if is_web(url):
            return link_cell(words, url)
    return text_cell(None)
