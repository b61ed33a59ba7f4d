"""Statements that peewee writes once: to write one takes longer than to run it."""

import json
from collections.abc import Callable, Iterable
from functools import cache
from typing import Any, NamedTuple, ParamSpec, cast

from peewee import BigIntegerField, Field, IntegerField, JSONField, Model, Node, TextField, Value

from app.database.connection import db

P = ParamSpec("P")

AS_STORED = {TextField, IntegerField, BigIntegerField}  # their values need no conversion


class Parameter(NamedTuple):
    """What each run of a statement brings, and how the database has it."""

    name: str
    convert: Callable[[Any], Any] | None

    def of(self, values: dict[str, Any]) -> Any:
        """Return the value for a run, as the database has it."""
        value = values[self.name]
        return self.convert(value) if self.convert else value


def parameter(name: str, field: Field | None = None) -> Value:
    """Return the place in a statement of a value of that name, converted as for its field."""
    convert = field.db_value if field and type(field) not in AS_STORED else None
    if isinstance(field, JSONField):  # which would write a function into the statement
        convert = _json
    return Value(Parameter(name, convert), converter=False, unpack=False)


def parameters(kind: type[Model], names: Iterable[str] = ()) -> dict[str, Value]:
    """Return the places of some fields of a model by their names, or of all."""
    fields = kind._meta.fields
    return {name: parameter(name, fields[name]) for name in names or fields}


def _json(value: Any) -> str | None:
    return None if value is None else json.dumps(value)


def prepared(write: Callable[P, Any]) -> Callable[P, "Statement"]:
    """Write the query that a function returns once for each of its arguments."""
    call: Callable[..., Any] = write
    statement: Any = cache(lambda *args: Statement(call(*args)))
    return cast(Callable[P, Statement], statement)


class Statement:
    """A query that is written, and waits for its parameters."""

    def __init__(self, query: Any) -> None:
        self._model: type[Model] = query.model
        self.sql, self._parameters = query.sql()

    def run(self, **values: Any) -> Any:
        """Run it; return the cursor."""
        return db.execute_sql(self.sql, self.bind(values))

    def insert(self, rows: list[dict[str, Any]]) -> list[Any]:
        """Run it once for each of several rows; return them as objects of the model."""
        db.execute_many(self.sql, map(self.bind, rows))
        return list(map(self._object, rows))

    def rows(self, **values: Any) -> list[Any]:
        """Run it; return the rows as objects of the model, in a third of the time of peewee's."""
        cursor = self.run(**values)
        fields = [self._model._meta.columns[name] for name, *_ in cursor.description]
        readers = [None if type(field) in AS_STORED else field.python_value for field in fields]
        names = [field.name for field in fields]
        return [
            self._object(
                {
                    name: value if read is None or value is None else read(value)
                    for name, read, value in zip(names, readers, row, strict=True)
                }
            )
            for row in cursor
        ]

    def first(self, **values: Any) -> Any:
        """Run it; return the first row, if there is any."""
        return next(iter(self.rows(**values)), None)

    def _object(self, data: dict[str, Any]) -> Model:
        row = self._model(__no_default__=True)
        row.__data__ = data
        return row

    def bind(self, values: dict[str, Any]) -> list[Any]:
        """Return the parameters of a run in their order."""
        return [
            given.of(values) if isinstance(given, Parameter) else given
            for given in self._parameters
        ]


def insert(kind: type[Model], rows: list[dict[str, Any]]) -> list[Any]:
    """Insert rows that all say the same fields; return them as objects of the model."""
    return _insertion(kind, tuple(rows[0])).insert(rows) if rows else []


@prepared
def _insertion(kind: type[Model], names: tuple[str, ...]) -> Any:
    return kind.insert(parameters(kind, names))


class ByIndex(Node):
    """A table to be read by one of its indexes, which SQLite might not choose."""

    def __init__(self, model: type[Model], columns: Iterable[str]) -> None:
        self._model = model
        self._index = "_".join((model._meta.table_name, *columns))

    def __sql__(self, ctx: Any) -> Any:
        return ctx.sql(self._model).literal(db.index_hint(self._index))
