"""Which database, from the environment."""

import os

SQLITE = os.environ.get("SQLITE")
PORT = os.environ.get("PORT")
NAME = os.environ.get("NAME")


def django():
    if SQLITE:
        return {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": SQLITE}}
    return {"default": {"ENGINE": "django.db.backends.postgresql", "HOST": "127.0.0.1", "PORT": PORT, "NAME": NAME, "USER": "pillion"}}


def setup(*applications, **settings):
    """Makes the tables of Django applications."""
    import django as framework
    from django.conf import settings as configuration
    from django.core.management import call_command

    configuration.configure(
        SECRET_KEY="only for tests", DATABASES=django(), USE_TZ=True, DEFAULT_AUTO_FIELD="django.db.models.AutoField",
        INSTALLED_APPS=[
            *applications, "django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions", "django.contrib.messages",
        ], **settings,
    )
    framework.setup()
    call_command("migrate", verbosity=0, skip_checks=True)
