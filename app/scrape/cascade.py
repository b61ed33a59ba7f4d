"""What a page's style sheets paint, by the cascade, on elements that are there to be seen.

https://drafts.csswg.org/css-cascade-5/
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from functools import partial
from itertools import islice

from turbohtml import Document, Element, Node
from turbohtml.query import select

from app.scrape import css
from app.scrape.css import PAINTS, names_image, substituted
from app.scrape.declarations import Declaration
from app.scrape.matching_cost import MANY, affordable, most_rules
from app.scrape.painted import MARK, Painted, Values
from app.scrape.relevance import Keys, may_match, paints_property, words
from app.scrape.rules import Rule, Weight, rules
from app.scrape.selectors import key_of, last_class
from app.scrape.sheets import Block, Sheet, Sheets, Text, names_file
from app.scrape.supports import declares

MAX_RULES = 5_000
# One background on a thousand list items is one picture.
MAX_MATCHES = 100
MAX_SHEETS = 2_000_000  # characters of all sheets together
# Elements, and tests of a rule on one of them, of all that may take away what others paint.
MAX_PLACES = 5_000
MAX_TESTS = 200_000
MAX_DEPTH = 5  # of properties within properties

_INLINE = "[style]:is([style*='url(' i], [style*='image-set(' i], [style*='var(' i])"
_SHUT = (
    "[hidden], dialog:not([open]), [popover], details:not([open]) > :not(summary),"
    " details:not([open]) > summary ~ summary"
)
_MAY_HIDE = "[style*='none' i], [style*='hidden' i]"
_SCRIPT = "script:not([type]), script[type*='javascript' i], script[type=module i]"

Place = tuple[Element, str]  # the pseudo-element's name is empty for the element itself
Winners = dict[str, tuple[Weight, str, str]]  # the value, and what it is relative to

_GENERATED = {"before", "after"}
_SLOTS = tuple(dict.fromkeys(PAINTS.values()))
_STRONGEST = (1_000_000, 0, 0)
_NONE: tuple[Weight, str, str] = ((False, 0, (0, 0, 0), 0), "", "")


def paint(document: Document, sheets: list[Sheet], size: int, painted: Painted) -> None:
    """Find what is painted in the end, each image once, and mark the elements that show it."""
    inline = list(select(_INLINE, document, limit=MAX_PLACES))
    pieces = [piece for sheet in sheets for piece in sheet.text.pieces]
    if not pieces and not any(names_file(element.attr("style") or "") for element in inline):
        return
    keys, known = Keys(document), None
    if sum(len(sheet.text.text) for sheet in sheets) > size:  # which takes longer to read
        known = keys.all
        pieces = [piece for piece in pieces if may_match(piece, known)]
    if pieces or inline:
        cascade = _Cascade(document, sheets, inline, pieces, painted)
        cascade.mark(size, keys, known)


class _Cascade:
    def __init__(
        self,
        document: Document,
        given: list[Sheet],
        inline: list[Element],
        pieces: list[str],
        painted: Painted,
    ) -> None:
        self._document = document
        self._inline = inline
        self._page = painted
        styles = (element.attr("style") or "" for element in inline)
        painting = "\n".join([*pieces, *styles])
        self._with_properties = paints_property(painting)
        # Menus and panels that a script opens are worth their pictures.
        for_good = document.select_one(_SCRIPT) is None
        self._hiding = for_good and (
            any(sheet.text.may_hide for sheet in given)
            or document.select_one(_MAY_HIDE) is not None
        )
        found = words(painting.lower(), self._hiding, self._with_properties)
        sheets = Sheets()
        room = MAX_SHEETS
        for sheet in given:
            length = len(sheet.text.text)
            text = sheet.text if length <= room else Text(sheet.text.text[:room])
            sheets.add(sheet._replace(text=text), found)
            room -= min(room, length)
        self._blocks = sheets.blocks
        self._registered = sheets.properties
        self._index: defaultdict[str, list[Rule]] = defaultdict(list)
        self._of_class: dict[str, list[Element]] = {}
        self._tests = MAX_TESTS
        self._matched: dict[Element, list[Rule]] = {}
        self._winning: dict[Element, Winners] = {}
        self._hiders: dict[Element, bool] = {}
        self._values: dict[tuple[Element, str], str | None] = {}
        self._read: dict[str, list[Declaration]] = {}

    def mark(self, size: int, keys: Keys, known: set[str] | None) -> None:
        """Mark what is painted in a page of `size` bytes, by the rules with a known key."""
        places: dict[Place, list[Rule]] = {}
        painting = [block for block in self._blocks if self._may_paint(block.text)]
        if known is None and len(painting) > MANY:
            known = keys.all
        most = min(most_rules(size), MAX_RULES)
        painters: Sequence[Rule] = list(islice(_rules(painting, known), most))
        if len(painters) > MANY:
            names = {last_class(rule.selector) for rule in painters} - {""}
            self._of_class = keys.of_classes(names, MAX_MATCHES)
            painters = affordable(painters, self._of_class, self._document, size)
        for rule in painters:
            for element in self._select(rule.selector):
                places.setdefault((element, rule.pseudo), []).append(rule)
        for element in self._inline:
            places.setdefault((element, ""), [])
        if places:
            painted = {block.order for block in painting}
            others = [block for block in self._blocks if block.order not in painted]
            self._fill_index(places, others)
        marked: set[Values] = {()}
        for (element, pseudo), rules_there in islice(places.items(), MAX_PLACES):
            shown = self._painted(element, pseudo, rules_there)
            if pseudo and shown not in marked:
                child = Element("i", {MARK: self._page.mark(shown)})
                element.insert(0 if pseudo == "before" else len(element), child)
            elif not pseudo and (shown not in marked or names_image(element.attr("style") or "")):
                element.attrs[MARK] = self._page.mark(shown)
            marked.add(shown)

    def _fill_index(self, places: Iterable[Place], others: list[Block]) -> None:
        """Collect the rules that may match there, by what an element has to have for that."""
        deep = self._hiding or self._with_properties
        elements = {element for element, _ in places}
        around = {node for element in elements for node in _upwards(element)} if deep else elements
        keys = {key for element in around for key in _keys(element)}
        for rule in islice(_rules(self._blocks if deep else others, keys), 4 * MAX_RULES):
            self._index[key_of(rule.selector)].append(rule)

    def _may_paint(self, block: str) -> bool:
        return names_image(block) or (self._with_properties and "var(" in block)

    def _select(self, selector: str) -> Iterable[Element]:
        few = self._of_class.get(last_class(selector))
        try:
            if few is not None:
                return [element for element in few if element.matches(selector)]
            return select(selector, self._document, limit=MAX_MATCHES)
        except ValueError:  # nested in what is no selector
            return []

    def _painted(self, element: Element, pseudo: str, rules_there: list[Rule]) -> Values:
        """Return the values that win there, of those that paint an image."""
        if self._is_hidden(element):
            return ()
        others = self._rules_of(element) if not pseudo else self._find(element, pseudo)
        winners = self._winners([*rules_there, *others], None if pseudo else element)
        if pseudo in _GENERATED and self._tests > 0:  # else its content may not have been found
            content = winners.get("content", _NONE)[1]
            if content in ("", "none", "normal") or winners.get("display", _NONE)[1] == "none":
                return ()
        painted = []
        for slot in ("content",) if pseudo == "marker" else _SLOTS:
            _, value, base = winners.get(slot, _NONE)
            if self._with_properties and "var(" in value:
                value = substituted(value, partial(self._property, element)) or ""
                value = value if declares(slot, value.lower()) else ""
            if value and names_image(value):
                painted.append((slot, value, base))
        return tuple(painted)

    def _winners(self, matched: Iterable[Rule], element: Element | None) -> Winners:
        """Decide between the declarations of rules, and those of the element's own style."""
        winners: Winners = {}
        for rule in matched:
            for declaration in self._declarations(rule.block):
                _take(winners, declaration, rule.weight(declaration.important), rule.base)
        style = (element.attr("style") if element else "") or ""
        for declaration in css.that_count(style) if style else ():
            _take(winners, declaration, (declaration.important, float("inf"), _STRONGEST, 0), "")
        return winners

    def _declarations(self, block: str) -> list[Declaration]:
        if block not in self._read:
            self._read[block] = list(css.that_count(block))
        return self._read[block]

    def _rules_of(self, node: Element) -> list[Rule]:
        """Return all rules that decide on what is painted there, or whether it is hidden."""
        if node not in self._matched:
            self._matched[node] = self._find(node, "")
        return self._matched[node]

    def _find(self, element: Element, pseudo: str) -> list[Rule]:
        rules_there = (rule for key in _keys(element) for rule in self._index.get(key, ()))
        return [
            rule
            for rule in rules_there
            if rule.pseudo == pseudo and self._matches(element, rule.selector)
        ]

    def _matches(self, element: Element, selector: str) -> bool:
        self._tests -= 1
        try:
            return self._tests > 0 and element.matches(selector)
        except ValueError:
            return False

    def _is_hidden(self, element: Element) -> bool:
        """Tell whether nothing is drawn of an element: it or what is around it is shut."""
        if element.closest(_SHUT) is not None:
            return True
        if not self._hiding:
            return False
        around = element.parent
        return self._winner(element, "display") == "none" or (
            isinstance(around, Element) and self._hides(around)
        )

    def _hides(self, element: Element) -> bool:
        """Tell whether an element, or one around it, hides what is in it."""
        path = []
        for node in _upwards(element):
            if node in self._hiders:
                break
            path.append(node)
        for node in reversed(path):
            around = node.parent
            self._hiders[node] = (
                (isinstance(around, Element) and self._hiders[around])
                or self._winner(node, "display") == "none"
                or self._winner(node, "content-visibility") == "hidden"
            )
        return self._hiders[element]

    def _winner(self, element: Element, name: str) -> str:
        if element not in self._winning:
            self._winning[element] = self._winners(self._rules_of(element), element)
        return self._winning[element].get(name, _NONE)[1]

    def _property(self, element: Element, name: str, depth: int = MAX_DEPTH) -> str | None:
        """Return the value of a custom property; None if there is none."""
        if (element, name) not in self._values:
            self._values[element, name] = None  # as long as it refers to itself
            self._values[element, name] = self._computed(element, name, depth)
        return self._values[element, name]

    def _computed(self, element: Element, name: str, depth: int) -> str | None:
        registered = self._registered.get(name)
        around = _upwards(element) if depth else iter(())
        for node in around if not registered or registered.inherits else islice(around, 1):
            if value := self._winner(node, name):
                return substituted(value, partial(self._property, node, depth=depth - 1))
        return registered.initial if registered and registered.initial else None


def _upwards(element: Element) -> Iterator[Element]:
    node: Node | None = element
    while isinstance(node, Element):
        yield node
        node = node.parent


def _rules(blocks: Iterable[Block], keys: Collection[str] | None = None) -> Iterator[Rule]:
    for block in blocks:
        yield from rules(block, keys)


def _keys(element: Element) -> set[str]:
    classes = (element.attr("class") or "").lower().split()
    return {"*", element.tag, (element.attr("id") or "").lower(), *classes}


def _take(winners: Winners, declaration: Declaration, weight: Weight, base: str) -> None:
    if declaration.name not in winners or weight >= winners[declaration.name][0]:
        winners[declaration.name] = weight, declaration.value, base
