"""Machine-learning models: cards, a store that verifies, sessions that can be killed."""
