#!/usr/bin/env bash
# peewee 4.5.3: `rows += query` makes a query of the list, and it fails far from there.
#
# `list += iterable` appends what the iterable has. But Python asks the operand on the right for __radd__
# before the list's own concatenation, and peewee's Select has one: it writes UNION ALL of what stands on
# the left and itself. So `rows` is a CompoundSelectQuery of a list from then on; the line itself raises
# nothing, and what uses `rows` later fails for an attribute of a list, or for `append`. A tuple gets the
# same. `rows.extend(query)` appends, and so does `+=` where the query has been executed or is a raw one.
# Selects of SQLAlchemy, query sets of Django and queries of pony append or refuse at once.
#
# Seen with peewee 4.5.3, SQLAlchemy 2.1.9, Django 5.2.19, pony 0.7.20, CPython 3.11:
#   peewee Select      CompoundSelectQuery, then AttributeError
#   peewee executed    list of 2
#   peewee raw         list of 2
#   peewee extend      list of 2
#   SQLAlchemy select  TypeError
#   SQLAlchemy query   list of 2
#   Django             list of 2
#   pony               list of 2
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check peewee==4.5.3 sqlalchemy==2.1.9 django==5.2.19 \
    pony==0.7.20 2>pip || { cat pip; exit 2; }

venv/bin/python - >seen <<'PYTHON'
import django
import peewee
import pony.orm
import sqlalchemy.orm
from django.conf import settings
from django.db import connection, models

database = peewee.SqliteDatabase(":memory:")


class One(peewee.Model):
    number = peewee.IntegerField()

    class Meta:
        database = database


database.create_tables([One])
One.insert_many([{"number": 1}, {"number": 2}]).execute()


class Base(sqlalchemy.orm.DeclarativeBase):
    pass


class Two(Base):
    __tablename__ = "two"
    number: sqlalchemy.orm.Mapped[int] = sqlalchemy.orm.mapped_column(primary_key=True)


engine = sqlalchemy.create_engine("sqlite://")
Base.metadata.create_all(engine)
session = sqlalchemy.orm.Session(engine)
session.add_all([Two(number=1), Two(number=2)])
session.flush()

DATABASE = {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}
settings.configure(DATABASES={"default": DATABASE})
django.setup()


class Three(models.Model):
    number = models.IntegerField()

    class Meta:
        app_label = "three"


with connection.schema_editor() as editor:
    editor.create_model(Three)
Three.objects.bulk_create([Three(number=1), Three(number=2)])

store = pony.orm.Database("sqlite", ":memory:")


class Four(store.Entity):
    number = pony.orm.Required(int)


store.generate_mapping(create_tables=True)


def show(title, query):
    rows = []
    try:
        rows += query
    except TypeError:
        print(f"{title:18} TypeError")
        return
    told = type(rows).__name__
    try:
        told += f" of {len(rows)}"
    except AttributeError as error:
        told += f", then {type(error).__name__}"
    print(f"{title:18} {told}")


show("peewee Select", One.select())
show("peewee executed", One.select().execute())
show("peewee raw", One.raw("SELECT * FROM one"))
rows = []
rows.extend(One.select())
print(f"{'peewee extend':18} {type(rows).__name__} of {len(rows)}")
show("SQLAlchemy select", sqlalchemy.select(Two))
show("SQLAlchemy query", session.query(Two))
show("Django", Three.objects.all())
with pony.orm.db_session:
    Four(number=1), Four(number=2)
    show("pony", Four.select())
PYTHON
cat seen
diff seen - <<'SEEN' && echo "as described"
peewee Select      CompoundSelectQuery, then AttributeError
peewee executed    list of 2
peewee raw         list of 2
peewee extend      list of 2
SQLAlchemy select  TypeError
SQLAlchemy query   list of 2
Django             list of 2
pony               list of 2
SEEN
