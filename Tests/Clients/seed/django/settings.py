"""A Django project with the tables that the seed's clients are about; the database comes from the environment."""

import os

SECRET_KEY = "only for tests"
INSTALLED_APPS = ["django.contrib.auth", "django.contrib.contenttypes", "blog", "hrm", "snippets"]
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.AutoField"
if "SQLITE" in os.environ:
    DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": os.environ["SQLITE"]}}
else:
    DATABASES = {
        "default": {
            "ENGINE": "django.db.backends.postgresql",
            "HOST": "127.0.0.1",
            "PORT": os.environ["PORT"],
            "NAME": os.environ["NAME"],
            "USER": "pillion",
        }
    }
