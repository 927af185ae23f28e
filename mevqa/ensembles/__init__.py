"""Ensembles: several runs on the same questions fused into one."""
