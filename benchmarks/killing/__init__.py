"""Every long command on phantoms so small that it takes seconds, and which of its bytes must come out the same."""
