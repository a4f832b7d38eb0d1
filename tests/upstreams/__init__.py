"""Our own upstreams for tests: real sockets, scripted answers, nothing patched."""
