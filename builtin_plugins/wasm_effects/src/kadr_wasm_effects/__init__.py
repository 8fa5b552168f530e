"""Effects as WebAssembly guests: data and code of guests, no Python."""
