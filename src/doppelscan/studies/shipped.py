"""Where is a recipe? In a file, or, by its name, among those that come with doppelscan."""

from __future__ import annotations

from pathlib import Path

__all__ = ["recipe_named", "shipped_recipes"]

_INSTALLED, _CLONED = Path(__file__).with_name("recipes"), Path(__file__).parents[3] / "recipes"


def shipped_recipes() -> dict[str, Path]:
    """The recipes that come with doppelscan, by name."""
    folder = _INSTALLED if _INSTALLED.is_dir() else _CLONED
    return {file.stem: file for file in sorted(folder.glob("*.toml"))}


def recipe_named(recipe: Path) -> Path:
    """The file of this path, or else the shipped recipe of this name."""
    return recipe if recipe.is_file() else shipped_recipes().get(str(recipe), recipe)
