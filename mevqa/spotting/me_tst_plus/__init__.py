"""ME-TST+."""
