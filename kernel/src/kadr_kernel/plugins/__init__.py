"""Plugins: found > resolved > activated on first use > stopped; each step in a file of its own."""
