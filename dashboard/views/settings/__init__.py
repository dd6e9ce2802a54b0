"""The pages about this installation: people, tokens, what is kept, what is masked, how it works."""
