"""Statements that peewee writes once: to write one takes longer than to run it."""

from collections.abc import Callable, Iterable
from functools import cache
from typing import Any, NamedTuple, ParamSpec, cast

from peewee import BigIntegerField, Field, IntegerField, Model, Node, TextField, Value

from app.database.sqlite import db

P = ParamSpec("P")

AS_STORED = {TextField, IntegerField, BigIntegerField}  # their values need no conversion


class Parameter(NamedTuple):
    """What each run of a statement brings."""

    name: str
    field: Field | None

    def bind(self, values: dict[str, Any]) -> Any:
        """Return the value as the database has it."""
        value = values[self.name]
        return self.field.db_value(value) if self.field else value


def parameter(name: str, field: Field | None = None) -> Value:
    """Return the place in a statement of a value of that name, converted as for its field."""
    return Value(Parameter(name, field), converter=False, unpack=False)


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
        return db.execute_sql(self.sql, self.bind(values))  # type: ignore[no-untyped-call]

    def run_for_each(self, rows: Iterable[dict[str, Any]]) -> None:
        """Run it once for each of several sets of values."""
        db.execute_many(self.sql, map(self.bind, rows))

    def rows(self, **values: Any) -> list[Any]:
        """Run it; return the rows as objects of the model, in a third of the time of peewee's."""
        cursor = self.run(**values)
        fields = [self._model._meta.columns[name] for name, *_ in cursor.description]
        readers = [None if type(field) in AS_STORED else field.python_value for field in fields]
        names = [field.name for field in fields]
        return [self._row(names, readers, row) for row in cursor]

    def _row(self, names: list[str], readers: list[Any], values: Iterable[Any]) -> Model:
        row = self._model(__no_default__=True)
        data = row.__data__
        for name, read, value in zip(names, readers, values, strict=True):
            data[name] = value if read is None or value is None else read(value)
        return row

    def bind(self, values: dict[str, Any]) -> list[Any]:
        """Return the parameters of a run in their order."""
        return [
            given.bind(values) if isinstance(given, Parameter) else given
            for given in self._parameters
        ]


class Along(Node):
    """A table to be read along one of its indexes, which SQLite might not choose."""

    def __init__(self, model: type[Model], columns: Iterable[str]) -> None:
        self._model = model
        self._index = "_".join((model._meta.table_name, *columns))

    def __sql__(self, ctx: Any) -> Any:
        return ctx.sql(self._model).literal(f' INDEXED BY "{self._index}"')
