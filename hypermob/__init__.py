"""The command line: the engines on this machine, without a stack or an AWS account."""
