"""What is added to a card after the model was made."""

_REFUSED = "The gate refused it."


def with_note(page: str, note: str) -> str:
    """A card with a note behind the gate's verdict, in the page's own markup."""
    return page.replace(_REFUSED, f"{_REFUSED} {note.rstrip('.')}.", 1)
