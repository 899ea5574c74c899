"""A person overrules the gate: a version that it refused is published and promoted, on record."""

import html
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from .bundle import MANIFEST, Bundle, read_bundle
from .card.note import with_note
from .data.replacing import replacing
from .errors import BundleError, RegistryError
from .journal import Entry
from .project import Project
from .registry import Version
from .registry.mlflow_registry import ARTIFACT, FORCED_TAG, REFUSED, VERDICT_TAG


def promote_anyway(project: Project, version: str, *, actor: str, reason: str) -> Entry:
    """Make a version the champion in spite of the gate; one that it let pass as always.

    Version and card say who overruled the gate, when and why, and the journal does.

    Raises:
        RegistryError: if there is no such version, or it cannot serve.
    """
    transitions = project.transitions
    with transitions.lock():
        found = project.registry.version(version)
        refused = found.tags.get(VERDICT_TAG) == REFUSED
        if refused and FORCED_TAG not in found.tags:
            _publish(project, found)
            when = f"{project.clock.now():%Y-%m-%d}"
            _note(project, found, f"{actor} overruled it on {when}: {reason}")
            for key, value in _tags(project, actor, reason).items():
                project.registry.tag(version, key, value)
    told = f"in spite of the gate: {reason}" if refused else reason
    figures = {"forced": True} if refused else None
    return transitions.promote(version, actor=actor, reason=told, figures=figures)


def _tags(project: Project, actor: str, reason: str) -> dict[str, str]:
    """The one that lets it serve comes last."""
    moment = project.clock.now().isoformat()
    return {f"{FORCED_TAG}_by": actor, f"{FORCED_TAG}_at": moment, FORCED_TAG: reason}


def _publish(project: Project, version: Version) -> None:
    """Bring the bundle from MLflow to where services look for it."""
    with TemporaryDirectory() as folder:
        model = project.registry.download(version.run_id, ARTIFACT, Path(folder))
        try:
            bundle = _bundle(model, project.transitions.features_digest)
        except BundleError as error:
            raise RegistryError(f"version {version.version} cannot serve: {error}") from error
        project.bundles.publish(bundle)


def _bundle(model: Path, features_digest: str) -> Bundle:
    manifest = next(model.rglob(MANIFEST), model / MANIFEST)
    return read_bundle(manifest.parent, features_digest)


def _note(project: Project, version: Version, note: str) -> None:
    """Write it into the card, in MLflow and on disk."""
    texts = dict(_noted(project, version, note))
    for name, text in texts.items():
        path = project.settings.paths.model_cards / f"{version.version}{Path(name).suffix}"
        with replacing(path) as draft:
            draft.write_text(text, encoding="utf-8")
    project.registry.log(version.run_id, texts=texts)


def _noted(project: Project, version: Version, note: str) -> Iterator[tuple[str, str]]:
    with TemporaryDirectory() as folder:
        for name, said in (("model_card.md", note), ("model_card.html", html.escape(note))):
            card = project.registry.download(version.run_id, name, Path(folder))
            yield name, with_note(card.read_text(encoding="utf-8"), said)
