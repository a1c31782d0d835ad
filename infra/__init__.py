"""From an account to an API that answers, and back: CloudFormation, and the commands that use it."""
