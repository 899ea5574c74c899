"""Documents with some of their bytes changed."""

from collections.abc import Sequence

from hypothesis import strategies as st

# Offset as a share of the length, bytes to remove there, bytes to insert.
_Edit = tuple[float, int, bytes]
_SIGNIFICANT = [
    *(bytes([byte]) for byte in b"\0\n\r\t\x1a \"',;\\{}[]:\x7f\x80\xff"),
    b"\xed\xa0\x80",
]
_EDIT = st.tuples(
    st.floats(0, 1),
    st.integers(0, 4) | st.sampled_from([64, 1 << 20]),
    st.sampled_from(_SIGNIFICANT) | st.binary(max_size=8) | st.binary(min_size=1, max_size=1),
)


def mutated(documents: st.SearchStrategy[bytes]) -> st.SearchStrategy[bytes]:
    """Documents after up to six edits."""
    return st.builds(_edited, documents, st.lists(_EDIT, max_size=6))


def _edited(document: bytes, edits: Sequence[_Edit]) -> bytes:
    for share, removed, inserted in edits:
        at = round(share * len(document))
        document = document[:at] + inserted + document[at + removed :]
    return document
