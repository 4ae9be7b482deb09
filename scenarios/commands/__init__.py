"""The commands of `hydrotwin`, one file a subject."""
