"""What the tests share: the running program, data, and the steps that every model goes through."""
