"""What callers without an API key read of a message."""

from pathlib import Path

import pytest

from mlops_loop.serving._public_text import without_folders


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("cannot read /srv/my shop/var/x.json", "cannot read var/x.json"),
        ("cannot read '/srv/my shop'", "cannot read '.'"),
        ("no file:///srv/my%20shop/var/x.json", "no var/x.json"),
        ("no file:///opt/models/x.json", "no x.json"),
        ("[Errno 13] denied: '/opt/models/x.onnx'", "[Errno 13] denied: 'x.onnx'"),
        ("sqlite:////opt/data/log.db is locked", "log.db is locked"),
        (r"C:\Users\ada\x.json is no JSON", "x.json is no JSON"),
        ("s3://bucket/models/3 is empty", "s3://bucket/models/3 is empty"),
        ("run `train`, see GET /model", "run `train`, see GET /model"),
        ("version 3/4 and 1/2", "version 3/4 and 1/2"),
    ],
)
def test_folders_are_left_out(text: str, expected: str) -> None:
    assert without_folders(text, Path("/srv/my shop")) == expected
