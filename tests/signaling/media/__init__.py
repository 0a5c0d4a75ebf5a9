"""The media plane on real sockets, real processes and a real browser."""
