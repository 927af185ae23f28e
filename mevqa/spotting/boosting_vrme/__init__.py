"""BoostingVRME."""
