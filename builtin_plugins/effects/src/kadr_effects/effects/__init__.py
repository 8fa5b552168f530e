"""Effects: one picture in, one picture out."""
