"""Every bound on what the relay keeps or does for others, in one place. No code.

Nothing that a datagram or an offer can cause grows beyond these: a transport costs the same after an
hour as after a minute, and hostile input costs its own sender.
"""

# --- time -----------------------------------------------------------------------------------------------

SETUP_EXPIRES_S = 30.0
"""From an offer to a transport that is up."""
CONSENT_INTERVAL_S = 5.0
"""Between two questions whether the browser still wants what it is sent (RFC 7675)."""
CONSENT_EXPIRES_S = 30.0
"""Without an answer for so long nothing is sent any more, apart from checks (RFC 7675, 5.1)."""
RECHECK_S = 1.0
"""Between two checks of a browser that has stopped answering: it is back within that time."""
IDLE_ENDS_S = 120.0
"""Without an answer for so long the transport ends. As long as a session may be resumed, and twice the
longest blackout after which a call has to come back by itself."""
ORPHANED_ENDS_S = 600.0
"""Without any web server for so long all rooms and transports end: nobody could close them."""

# --- per transport --------------------------------------------------------------------------------------

MAX_ADDRESSES = 16
"""Addresses that a browser may check from under one pair of credentials."""
MAX_PENDING_CHECKS = 32
"""Own checks that wait for their answer."""
MAX_WAITING_DTLS = 32
"""DTLS datagrams that wait for the handshake's next step."""
MAX_SOURCES = 32
"""SSRCs that a seat may name; libsrtp keeps state per source for as long as the session lives."""
READS_PER_TURN = 64
"""Datagrams read from one socket before the next socket has its turn."""
RECEIVE_BUFFER_BYTES = 1 << 20
"""The kernel's buffer of a socket: a key frame's burst of every slot while the loop is busy elsewhere."""

# --- strangers ------------------------------------------------------------------------------------------

STUN_PER_TICK = 20
"""STUN messages per tick from one address that is not the seat's, once they look as if they were for us."""
MAX_STRANGERS = 16
"""Addresses that are counted one by one in a tick; all others share one allowance."""

# --- per track and slot ---------------------------------------------------------------------------------

HISTORY = 512
"""Packets of a track that can be repeated: 5 s of 720p at 1 Mbit/s, 10 s of sound."""
MAX_MISSING = 64
"""Packets of a track that are asked for at one time; beyond that only a key frame helps."""
MAX_RESENDS_PER_TICK = 128
"""Packets repeated in one slot between two ticks."""
MAX_STILL_PACKETS = 128
"""Packets of a key frame that wait for a narrow line: 150 kB, more than any still picture."""
MAX_FEEDBACK_SPAN = 1000
"""Numbers that one congestion feedback covers."""
MAX_WAITING_ARRIVALS = 4000
"""Packets that wait for the next congestion feedback: 300 Mbit/s."""

# --- the whole relay ------------------------------------------------------------------------------------

MAX_ROOMS = 1000
MAX_UNREAD_BYTES = 1 << 20
"""Events that wait for a web server that does not read; then its connection is dropped."""
