"""The rows and what holds them: models, connection, migrations, shared commits."""
