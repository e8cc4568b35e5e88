"""The formats of files of tests, a module for each."""
