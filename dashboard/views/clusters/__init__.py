"""The pages about clusters: how each is read, what is missing, adding and examining one."""
