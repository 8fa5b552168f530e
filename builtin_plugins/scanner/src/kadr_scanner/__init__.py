"""The media library of kadr: files, what they hold, and what is made of them."""
