"""MEAN's recognition network: three shallow convolutional streams on optical flow and strain (Liong et al. 2023)."""
