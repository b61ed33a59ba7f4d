"""Selectors as they are written: lists of them, nested ones, and what they ask for.

https://drafts.csswg.org/selectors-4/
"""

import re

MAX_SELECTOR = 600

# Longer ones are cut in pieces that match nothing.
_SELECTOR = re.compile(r"(?:[^,(]|\((?:[^()]|\([^)]{0,200}+\)?){0,200}+\)?){1,300}+")
_LAST_CLASS = re.compile(r"(?<!\\)\.([\w-]+)\Z")
_BRACKETS = re.compile(r"\([^()]*\)|\[[^\]]*\]")
_PSEUDO_CLASS = re.compile(r"(?<!\\)::?[\w-]+")
_COMBINATOR = re.compile(r"[\s>+~]+")
_NAME = re.compile(r"[#.]?(?:[\w-]|\\.)+")
_HEX_ESCAPE = re.compile(r"\\[0-9a-fA-F]")


def last_class(selector: str) -> str:
    """Return the class that a selector ends with, in small letters; empty if it does not.

    Nor is it for one with `:scope`, which asked of an element would be that element.
    """
    found = _LAST_CLASS.search(selector)
    return found[1].lower() if found and ":scope" not in selector.lower() else ""


def key_of(selector: str) -> str:
    """Return an id, class or name that an element has to have to match; "*" is none.

    It is in small letters: pages without a doctype tell no case of ids and classes.
    """
    if "(" in selector or "[" in selector:
        selector = _BRACKETS.sub("", _BRACKETS.sub("", selector))
    if "\\" in selector or "|" in selector:
        return _unescaped_key(selector)
    compound = (selector.split() or [""])[-1]
    for sign in ">+~":
        compound = compound.rpartition(sign)[2]
    compound = compound.partition(":")[0]
    for sign in "#.":
        if sign in compound:
            return compound.rpartition(sign)[2].partition(".")[0].lower()
    return compound.lower() or "*"


def _unescaped_key(selector: str) -> str:
    compound = _COMBINATOR.split(_PSEUDO_CLASS.sub("", selector).strip())[-1]
    names = _NAME.findall(compound)
    key: str = next((name[1:] for name in names if name[0] in "#."), "*")
    return "*" if _HEX_ESCAPE.search(key) else key.replace("\\", "").lower()


def split(selectors: str) -> list[str]:
    """Cut a list of selectors at its commas."""
    if "(" not in selectors and len(selectors) <= MAX_SELECTOR:
        return selectors.split(",")
    return [found[0] for found in _SELECTOR.finditer(selectors)]


def nested(around: str, selectors: str) -> str:
    """Resolve `&`, which stands in front where it is not written (CSS Nesting 1)."""
    if not around or not selectors:
        return selectors
    parent = around if re.fullmatch(r"[\w.#-]+", around) else f":is({around})"
    resolved = [
        part.replace("&", parent) if "&" in part else f"{parent} {part.strip()}"
        for part in split(selectors)
    ]
    joined = ", ".join(resolved)
    return joined if len(joined) <= MAX_SELECTOR else "\0"  # which matches nothing
