"""Addresses of keys, of the organisation, and of one's own data."""

from django.urls import path

from costcontrol.account import data, joining, keys, organisation, parting

urlpatterns = [
    path("keys/", keys.keys, name="keys"),
    path("keys/<slug:prefix>/rotate/", keys.rotate, name="key_rotate"),
    path("keys/<slug:prefix>/revoke/", keys.revoke, name="key_revoke"),
    path("organisation/", organisation.organisation, name="organisation"),
    path("organisation/name/", organisation.rename, name="organisation_rename"),
    path("organisation/invite/", organisation.invite, name="organisation_invite"),
    path("organisation/withdraw/", organisation.withdraw, name="organisation_withdraw"),
    path("organisation/members/<uuid:whose>/role/", organisation.role, name="member_role"),
    path("organisation/members/<uuid:whose>/remove/", parting.remove, name="member_remove"),
    path(
        "organisation/members/<uuid:whose>/hand-over/", parting.hand_over, name="member_hand_over"
    ),
    path("organisation/leave/", parting.leave, name="organisation_leave"),
    path("organisation/close/", parting.close, name="organisation_close"),
    path("organisation/join/<str:secret>/", joining.join, name="join"),
    path("data/", data.data, name="data"),
    path("data/export/", data.export, name="data_export"),
    path("data/delete/", data.delete, name="data_delete"),
]
