"""The relay: a process of its own that forwards SRTP payloads without decoding them."""
