"""Networks that several families share; here the number of spatial axes is asked about."""
