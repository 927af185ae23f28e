"""Long videos by a named profile: people who talk, turn their heads and look about between and during expressions."""
