"""Rows of the table of routes: who is brought into a call, and what is done there."""

from reception.web.api import answers as _a
from reception.web.api import bodies as _b
from reception.web.api import call_control, guests, invitations
from reception.web.audience import (
    ASKED_IN,
    ATTENDANCE,
    COUNTY,
    DESK,
    GUEST,
    GUEST_PATH,
    LIAISON,
    PUBLIC,
    Route,
    V,
    deed,
    read,
)
from reception.web.pages import join, liaison
from reception.web.shapes import calls as _c
from reception.web.shapes import conditions as _d

BRINGING_PAGES = (
    Route("GET", "/join", join.show_join, PUBLIC, "join_page"),
    Route("GET", "/liaison", liaison.show_liaison, LIAISON, "liaison_page"),
    Route("GET", "/attendance", liaison.show_attendance, ATTENDANCE, "attendance_page"),
    Route(
        "POST",
        "/attendance/{attendance}/absence",
        liaison.confirm_absence,
        ATTENDANCE,
        "confirm_absence_form",
    ),
)

INVITING = (
    read(f"{V}/posts", invitations.list_posts, DESK, "list_posts", _c.PostsView),
    read(
        f"{V}/visits/{{visit}}/candidates",
        invitations.list_candidates,
        DESK,
        "list_candidates",
        _c.CandidatesView,
    ),
    deed(
        f"{V}/visits/{{visit}}/invite-role",
        invitations.invite_role,
        DESK,
        "invite_role",
        _c.InviteRole,
        _c.InvitedAnswer,
    ),
    deed(
        f"{V}/visits/{{visit}}/accept-invitation",
        invitations.accept,
        ASKED_IN,
        "accept_invitation",
        _b.Nothing,
        _a.AnsweredVisit,
    ),
    deed(
        f"{V}/visits/{{visit}}/decline-invitation",
        invitations.decline,
        ASKED_IN,
        "decline_invitation",
        _b.Nothing,
        _a.VisitMoved,
    ),
    read(
        f"{V}/visits/{{visit}}/attendance",
        invitations.show_attendance,
        DESK,
        "show_attendance",
        _c.AttendanceView,
    ),
    deed(
        f"{V}/attendance/{{attendance}}/absence",
        invitations.confirm_absence,
        COUNTY,
        "confirm_absence",
        _c.AbsenceBody,
        _c.AbsenceConfirmed,
    ),
    read(f"{V}/liaison", invitations.show_liaison, LIAISON, "show_liaison", _c.LiaisonView),
    deed(f"{V}/liaison/duty-on", invitations.liaison_on, LIAISON, "liaison_on", _b.DutyOn, _c.LiaisonDuty),
    deed(
        f"{V}/liaison/duty-off", invitations.liaison_off, LIAISON, "liaison_off", _b.Nothing, _c.LiaisonDuty
    ),
)

GUESTS = (
    deed(
        f"{V}/visits/{{visit}}/guests",
        invitations.make_guest_link,
        DESK,
        "make_guest_link",
        _c.MakeGuestLink,
        _c.GuestLinkMade,
    ),
    deed(
        f"{V}/visits/{{visit}}/guests/{{guest}}/revoke",
        invitations.revoke_guest,
        DESK,
        "revoke_guest",
        _b.Nothing,
        _c.GuestStands,
    ),
    deed(
        f"{V}/visits/{{visit}}/guests/{{guest}}/admit",
        invitations.admit_guest,
        DESK,
        "admit_guest",
        _b.Nothing,
        _c.GuestStands,
    ),
    read(GUEST_PATH, guests.show, PUBLIC, "show_guest", _c.GuestPageView),
    Route(
        "POST", f"{GUEST_PATH}/redeem", guests.redeem, PUBLIC, "redeem_link", _c.RedeemLink, _c.GuestPageView
    ),
    Route("POST", f"{GUEST_PATH}/code", guests.prove, GUEST, "prove_guest", _c.GuestCode, _c.GuestPageView),
    deed(f"{GUEST_PATH}/wait", guests.wait, GUEST, "guest_waits", _c.GuestName, _c.GuestPageView),
    Route(
        "POST",
        f"{GUEST_PATH}/ws-ticket",
        guests.issue_guest_ticket,
        GUEST,
        "issue_guest_ticket",
        _b.Nothing,
        _a.Ticket,
    ),
    Route(
        "POST",
        f"{GUEST_PATH}/ice-servers",
        guests.list_guest_ice,
        GUEST,
        "list_guest_ice_servers",
        _b.Nothing,
        _a.IceServers,
    ),
)

_VISIT = f"{V}/visits/{{visit}}"

# Whoever leads a call conducts it: a county officer, or a liaison who has taken the lead over.
CONDUCTING = (
    *(
        deed(f"{_VISIT}/{path}", handler, ASKED_IN, name, body, _d.CallChanged)
        for path, handler, name, body in (
            ("hold", call_control.hold, "hold_seat", _d.HoldSeat),
            ("private", call_control.set_private, "set_private", _d.PrivatePart),
            ("remove", call_control.remove, "remove_seat", _d.RemoveSeat),
            ("readmit", call_control.readmit, "readmit_seat", _d.ReadmitSeat),
            ("offer-lead", call_control.offer_lead, "offer_lead", _d.OfferLead),
            ("take-lead", call_control.take_lead, "take_lead", _b.Nothing),
            ("leave", call_control.leave, "leave_call", _b.Nothing),
        )
    ),
    read(f"{_VISIT}/removed", call_control.list_put_out, ASKED_IN, "list_put_out", _d.PutOutList),
)

CALLS: tuple[Route, ...] = BRINGING_PAGES + INVITING + GUESTS + CONDUCTING
