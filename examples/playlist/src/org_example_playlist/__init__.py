"""M3U playlists: a guest from an Extism PDK."""
