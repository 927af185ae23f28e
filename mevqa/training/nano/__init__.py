"""How the embedded model nano is trained and evaluated."""
