"""The registry plugin of kadr: packages, their repositories and the client's reader."""
