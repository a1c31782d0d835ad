"""From an account to an API that answers, and back: templates, and the commands that use them."""
