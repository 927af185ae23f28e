"""ME-TST: state-space networks that spot and recognise micro-expressions in one go."""
